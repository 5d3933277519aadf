"""Texts that are put together while running."""

import pytest

from custom_components.aqara_zigbee.texts import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada's *door*", r"Ada's \*door\*"),
        ("some-tool@2.0", r"some-tool\@2.0"),
        ("see https://a.b", r"see https:\//a.b"),
        ("www.a.b", r"www\.a.b"),
        ("a&lt;b", r"a\&lt;b"),
        ("[x](y) <b> `c` ~d~", r"\[x\](y) \<b\> \`c\` \~d\~"),
    ],
)
def test_foreign_text_is_not_markdown(text: str, shown: str) -> None:
    assert plain(text) == shown
