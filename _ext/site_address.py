"""Tells Sphinx the address of the site, which `tools/address.py` finds."""

from tools.address import base_url, repository

__all__ = ["base_url", "repository"]


def set_base_url(app, config):
    config.html_baseurl = base_url() or ""


def setup(app):
    app.connect("config-inited", set_base_url)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
