/* The map of results: one stop of the Tab key, arrow keys inside, and the arrows of one dot. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  const start = (map) => {
    const plot = map.querySelector(".results-plot");
    const canvas = map.querySelector(".results-arrows");
    const words = map.querySelector(".results-shown");
    const dots = [...map.querySelectorAll(".results-page a")];
    const columns = [...map.querySelectorAll(".results-page")].map(
      (page) => [...page.querySelectorAll("a")],
    );
    const numbers = (dot, name) => (dot.dataset[name] ?? "").split(" ").filter(Boolean);
    const usedBy = dots.map(() => []);
    dots.forEach((dot) => {
      dot.dataset.words = dot.title;
      dot.removeAttribute("title");
      numbers(dot, "uses").forEach((at) => usedBy[at].push(dot));
    });

    // [from, to, kind] of every arrow that tells something about a dot
    const arrowsOf = (dot) => {
      const found = usedBy[dots.indexOf(dot)].map((user) => [dot, user, "used-by"]);
      found.push(...numbers(dot, "starts").map((at) => [dots[at], dot, "starts"]));
      const seen = new Set();
      const descend = (user, kind) => {
        for (const at of numbers(user, "uses")) {
          found.push([dots[at], user, kind]);
          if (!seen.has(at)) {
            seen.add(at);
            descend(dots[at], "below");
          }
        }
      };
      descend(dot, "uses");
      return found;
    };

    const curve = ([from, to, kind]) => {
      const frame = plot.getBoundingClientRect();
      const middle = (dot) => {
        const box = dot.getBoundingClientRect();
        return [box.x + box.width / 2 - frame.x, box.y + box.height / 2 - frame.y];
      };
      const [[x, y], [u, v]] = [middle(from), middle(to)];
      const bend = 0.25 * Math.hypot(u - x, v - y);
      const side = Math.abs(u - x) > Math.abs(v - y) ? [0, -bend] : [-bend, 0];
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", kind);
      path.setAttribute("d", `M${x} ${y} Q${(x + u) / 2 + side[0]} ${(y + v) / 2 + side[1]} ${u} ${v}`);
      return path;
    };

    const element = (name, text, kind = "") => {
      const made = document.createElement(name);
      made.textContent = text;
      made.className = kind;
      return made;
    };

    const rest = () => {
      plot.classList.remove("pointed");
      dots.forEach((dot) => dot.classList.remove("shown", "uses", "below", "used-by", "starts"));
      canvas.replaceChildren();
      words.textContent = words.dataset.rest;
    };

    const show = (dot) => {
      rest();
      const arrows = arrowsOf(dot);
      canvas.replaceChildren(...arrows.map(curve));
      for (const [from, to, kind] of arrows) {
        (kind === "used-by" ? to : from).classList.add(kind);
      }
      dot.classList.add("shown");
      plot.classList.add("pointed");
      const [title, more] = dot.dataset.words.split("\n");
      const parts = more.split(/(uses (?:\d+|no other)|used by (?:\d+|none))/);
      words.replaceChildren(
        element("b", title),
        ...parts.map((part) => element("span", part, part.startsWith("uses ") ? "uses"
          : part.startsWith("used by ") ? "used-by" : "")),
      );
    };

    // One dot is the map's stop of the Tab key: the last one that had the focus.
    const stopAt = (dot) => {
      dots.forEach((other) => { other.tabIndex = other === dot ? 0 : -1; });
    };

    const next = (dot, key) => {
      const column = columns.findIndex((page) => page.includes(dot));
      const at = columns[column].indexOf(dot);
      const lying = getComputedStyle(columns[0][0].closest("ol")).display === "grid";
      const steps = lying
        ? { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
        : { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (key === "Home") return dots[0];
      if (key === "End") return dots.at(-1);
      if (!(key in steps)) return undefined;
      const [over, along] = steps[key];
      const page = columns[column + over];
      return page && page[over ? Math.min(at, page.length - 1) : at + along];
    };

    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const to = next(event.target.closest("a"), event.key);
      if (to === undefined) return;
      event.preventDefault();
      to.focus();
    });
    plot.addEventListener("focusin", ({ target }) => {
      stopAt(target);
      show(target);
    });
    plot.addEventListener("focusout", rest);
    const dotOf = (event) => event.target.closest(".results-page a");
    plot.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && dotOf(event)) show(dotOf(event));
    });
    plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "touch") return;
      const focused = plot.querySelector("a:focus-visible");
      if (focused) show(focused);
      else rest();
    });
    // A finger cannot point without pressing: its first tap shows a dot, the second one follows it.
    let unseen;
    plot.addEventListener("pointerdown", (event) => {
      const dot = dotOf(event);
      const seen = event.pointerType !== "touch" || dot?.classList.contains("shown");
      unseen = seen ? undefined : dot;
    });
    plot.addEventListener("click", (event) => {
      const dot = dotOf(event);
      if (dot && dot === unseen) {
        event.preventDefault();
        show(dot);
      } else if (!dot) {
        rest();
      }
      unseen = undefined;
    });
    stopAt(dots[0]);
    rest();
  };

  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".results-map").forEach(start);
  });
})();
