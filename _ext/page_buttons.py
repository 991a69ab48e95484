"""The buttons at the head of a page: download it, open it in Colab or Binder, see its repository.

Colab and Binder open files of a GitHub repository, not of a web site. They get the notebooks of the
branch `gh-pages`, to which the built site is published: there, and only there, lie the `.ipynb` of
each page and, in `binder/`, the environment that they run in. Without GITHUB_REPOSITORY nothing of
this exists, and the buttons are absent.
"""

from urllib.parse import quote

from site_address import repository

PUBLISHED_BRANCH = "gh-pages"
ASSIGNMENTS = "chapters/assignments/"  # the repository holds their solutions: no button leads there
ARCHIVE = "notebooks/theorems-that-run.zip"


def notebook_of(pagename):
    """The page's notebook, seen from the root of the site."""
    return f"notebooks/{pagename.removeprefix('chapters/')}.ipynb"


def downloads(pagename, context):
    pathto = context["pathto"]
    return [
        {"text": "Notebook (.ipynb)", "url": pathto(notebook_of(pagename), 1), "save": True},
        {"text": "All notebooks (.zip)", "url": pathto(ARCHIVE, 1), "save": True},
        {
            "text": "Source (.md)",
            "url": pathto(f"_sources/{context['sourcename']}", 1),
            "save": True,
        },
    ]


def launchers(pagename):
    repo, notebook = repository(), notebook_of(pagename)
    published = f"{repo}/blob/{PUBLISHED_BRANCH}/{notebook}"
    opened = quote(f"lab/tree/{notebook}", safe="")
    return [
        {"text": "Colab", "url": f"https://colab.research.google.com/github/{published}"},
        {
            "text": "Binder",
            "url": f"https://mybinder.org/v2/gh/{repo}/{PUBLISHED_BRANCH}?urlpath={opened}",
        },
    ]


def repository_links(pagename):
    home = f"https://github.com/{repository()}"
    page = quote(pagename.removeprefix("chapters/"), safe="")
    form = f"{home}/issues/new?template=mathematical-error.yml&page={page}"
    return [
        {"text": "Repository", "url": home},
        {"text": "Source of this page", "url": f"{home}/blob/HEAD/{pagename}.md?plain=1"},
        {"text": "Report an error", "url": form},
    ]


def add_buttons(app, pagename, templatename, context, doctree):
    if doctree is None or not context.get("sourcename"):
        context["button_groups"] = []
        return
    groups = [{"label": "Download", "icon": "fa-download", "links": downloads(pagename, context)}]
    if repository():
        groups.append({"label": "Launch", "icon": "fa-rocket", "links": launchers(pagename)})
        if not pagename.startswith(ASSIGNMENTS):
            links = repository_links(pagename)
            groups.append({"label": "Repository", "icon": "fa-code-branch", "links": links})
    context["button_groups"] = groups


def setup(app):
    app.connect("html-page-context", add_buttons, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
