"""Is every page of the table of contents in a built site? An empty folder must not be published.

python -m tools.site_complete _build/html
"""

import sys
from pathlib import Path

from tools.pages import Book


def missing(book: Book, site: Path) -> list[str]:
    """The files that the site lacks or that are empty: its pages, their notebooks, the front."""
    expected = ["index.html", "search.html", *(f"{page.document}.html" for page in book.pages)]
    expected += [f"notebooks/{page.name}.ipynb" for page in book.pages]
    return [name for name in expected if not _is_filled(site / name)]


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def main() -> None:
    book, site = Book(Path.cwd()), Path(sys.argv[1])
    lacking = missing(book, site)
    if lacking:
        sys.exit(f"{site} is not the whole book; it lacks {', '.join(lacking)}.")
    print(f"{site} has all {len(book.pages)} pages.")


if __name__ == "__main__":
    main()
