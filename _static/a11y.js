/* What cannot be known before the page is laid out: which boxes scroll, how wide a formula is. */
(() => {
  const WIDE =
    "span.math, mjx-container[display], pre, .pst-scrollable-table-container, .ledger-table";

  const nameOf = (box) => {
    if (box.matches("mjx-container, .math")) return "Formula, scrolls sideways";
    if (box.matches("pre")) return "Code or output, scrolls sideways";
    return "Table, scrolls sideways";
  };

  const showEnds = (box) => {
    const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.classList.toggle("more-left", box.scrollLeft > 1);
    box.classList.toggle("more-right", rest > 1);
  };

  // The theme cuts off inline formulas, and the hidden text beside a formula counts as its width.
  const overflows = (box) => {
    const inside = box.matches(".math") ? box.querySelector("mjx-math") : null;
    const width = inside ? inside.getBoundingClientRect().width : box.scrollWidth;
    return width > box.clientWidth + 1 && box.clientWidth > 0;
  };

  // A box that scrolls can be reached with the keyboard, has a name, and shows where there is more.
  const look = (box) => {
    const scrolls = overflows(box);
    if (scrolls && !box.classList.contains("scrolls")) {
      box.dataset.role ??= box.getAttribute("role") ?? "";
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", nameOf(box));
      box.addEventListener("scroll", () => showEnds(box), { passive: true });
    } else if (!scrolls && box.classList.contains("scrolls")) {
      ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
      if (box.dataset.role) box.setAttribute("role", box.dataset.role);
    }
    box.classList.toggle("scrolls", scrolls);
    if (scrolls) showEnds(box);
    else box.classList.remove("more-left", "more-right");
  };

  // The width of a typeset display in em, with which book.css decides how far it may shrink.
  const measure = (box) => {
    const formula = box.querySelector("mjx-math");
    if (!formula || box.style.getPropertyValue("--natural")) return;
    const width = formula.getBoundingClientRect().width;
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (width > 0) box.style.setProperty("--natural", (width / size + 0.1).toFixed(2));
  };

  const watch = () => {
    const observer = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        if (target.matches("mjx-container")) measure(target);
        look(target);
      }
    });
    document.querySelectorAll(WIDE).forEach((box) => observer.observe(box));
  };

  // Paper is white, and nobody can click on it.
  const prepareForPrint = () => {
    const page = document.documentElement;
    const theme = page.dataset.theme;
    const closed = [...document.querySelectorAll("article details:not([open])")];
    page.dataset.theme = "light";
    closed.forEach((details) => { details.open = true; });
    const restore = () => {
      page.dataset.theme = theme;
      closed.forEach((details) => { details.open = false; });
    };
    addEventListener("afterprint", restore, { once: true });
  };

  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) target.open = true;
  };

  addEventListener("beforeprint", prepareForPrint);
  addEventListener("hashchange", openTarget);
  addEventListener("DOMContentLoaded", () => {
    // the search that opens over a page lies outside every landmark
    document.querySelectorAll("form.bd-search").forEach((form) => { form.role = "search"; });
    openTarget();
    const typeset = window.MathJax && MathJax.startup ? MathJax.startup.promise : undefined;
    Promise.resolve(typeset).then(watch);
  });
})();
