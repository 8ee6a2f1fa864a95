"""The shop's published theme: what it is dressed with, how a bad deployment breaks it, and what it says at a moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from harness.parts.commerce.shopify.records.shop import Shop

_SECTIONS = ("header", "footer", "hero", "featured-products", "main-product", "main-cart")
_LAYOUT = b"<!doctype html><html><head>{{ content_for_header }}</head><body>{{ content_for_layout }}</body></html>\n"


def dress(shop: Shop) -> None:
    """Give the published theme the files that a small one has."""
    main = shop.themes.main()
    written = shop.themes.write(main.id, _files())
    assert not written.refused, written.refused


def break_theme(shop: Shop) -> None:
    """A bad deployment: the layout shows nothing, a template names a section that is not there, another one and an
    asset are gone, and there is a file that nobody wants."""
    main = shop.themes.main()
    shop.themes.write(main.id, {
        "layout/theme.liquid": b"<!doctype html><html>{% render 'nothing' %}</html>\n",
        "templates/index.json": json.dumps({"sections": {"a": {"type": "gone"}}, "order": ["a"]}).encode(),
        "snippets/debug.liquid": b"{{ settings | json }}\n",
    })  # fmt: skip
    shop.themes.erase(main.id, ["templates/product.json", "assets/logo.png"])


def digests(shop: Shop) -> Mapping[str, str]:
    """By name of a file of the published theme, a digest of what it says: of JSON, however it is written."""
    return {name: _digest(name, file.content) for name, file in shop.themes.main().files.items()}


def _files() -> dict[str, bytes]:
    files = {"layout/theme.liquid": _LAYOUT, "assets/logo.png": bytes(range(256)) * 8}
    for name in _SECTIONS:
        files[f"sections/{name}.liquid"] = (
            f"<section class='{name}'>{{{{ section.settings.title }}}}</section>\n".encode()
        )
        files[f"assets/{name}.css"] = f".{name} {{ display: grid }}\n".encode()
        files[f"snippets/{name}-title.liquid"] = "<h2>{{ title }} · ünïcode</h2>\n".encode()
    for name in ("index", "product", "cart"):
        template = {"sections": {"a/b": {"type": _SECTIONS[2], "settings": {"wide": True}}}, "order": ["a/b"]}
        files[f"templates/{name}.json"] = json.dumps(template).encode()
    files["config/settings_data.json"] = b'{"current": {"colour": "#112233"}}'
    files["locales/en.default.json"] = '{"cart": {"title": "Cart — it’s yours"}}'.encode()
    return files


def _digest(name: str, content: bytes) -> str:
    if name.endswith(".json"):
        text = content.decode("utf-8")
        text = text[text.index("*/") + 2 :] if text.lstrip().startswith("/*") else text
        content = json.dumps(json.loads(text), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
