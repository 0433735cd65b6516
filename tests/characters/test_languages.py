"""Languages as Wikidata, Wikipedia and babel each name them."""

import pytest

from ditto.characters.languages import language, locale
from ditto.errors import ConfigError


@pytest.mark.parametrize(
    ("code", "fallback", "names", "own"),
    [
        ("en", [], "en mul", "en mul"),
        ("de", ["en"], "de mul en", "de mul"),
        ("zh", ["en"], "zh zh-hans zh-cn zh-sg zh-my zh-hant zh-tw zh-hk zh-mo mul en", None),
        ("nb", ["en", "nb"], "nb no mul en", "nb no mul"),
        ("ar", ["en", "zh"], "ar mul en zh", "ar mul"),
        ("en", ["mul", "en"], "en mul", "en mul"),
    ],
)
def test_names_are_asked_in_turn_and_a_fallback_after_all_its_own(
    code: str, fallback: list[str], names: str, own: str | None
) -> None:
    lang = language(code, fallback)
    assert lang.names == tuple(names.split())
    assert lang.own == tuple((own or names.removesuffix(" en")).split())


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"zh": "甲", "zh-hans": "乙"}, "甲"),
        ({"zh-hant": "丙", "zh-hans": "乙", "mul": "x"}, "乙"),
        ({"zh": "", "mul": "x", "en": "y"}, "x"),
        ({"en": "y", "de": "z"}, "y"),
        ({"de": "z"}, None),
        ({}, None),
    ],
)
def test_the_first_text_there_is_is_taken(texts: dict[str, str], expected: str | None) -> None:
    assert language("zh", ["en"]).text(texts) == expected


@pytest.mark.parametrize(
    ("code", "wiki", "site"),
    [
        ("en", "en", "enwiki"),
        ("nb", "no", "nowiki"),
        ("yue", "zh-yue", "zh_yuewiki"),
        ("lzh", "zh-classical", "zh_classicalwiki"),
        ("be-tarask", "be-tarask", "be_x_oldwiki"),
        ("simple", "simple", "simplewiki"),
        ("nds-nl", "nds-nl", "nds_nlwiki"),
    ],
)
def test_a_wikipedia_may_go_by_another_name(code: str, wiki: str, site: str) -> None:
    lang = language(code)
    assert (lang.wiki, lang.site) == (wiki, site)


@pytest.mark.parametrize(
    "code", ["", "e", "EN", "en_GB", "english language", "zh-", "-zh", "en\n", "Q42", "a-b-c-d", "中文"]
)
def test_what_cannot_be_a_code_is_refused_wherever_it_stands(code: str) -> None:
    for give in ([code], ["en", code]):
        with pytest.raises(ConfigError, match="is no language code") as error:
            language(give[0], give[1:])
        assert repr(code) in str(error.value)


@pytest.mark.parametrize(
    ("code", "fallback", "known"),
    [
        ("en", [], "en_GB"),
        ("simple", [], "en_GB"),
        ("zh", [], "zh"),
        ("zh-hk", [], "zh_Hant_HK"),
        ("als", [], "gsw"),
        ("sr-ec", [], "sr_Cyrl"),
        ("no", [], "no"),
        ("be-tarask", ["en"], "be_TARASK"),
        ("de-formal", ["en"], "de"),
        ("arz", ["ar", "en"], "ar"),
        ("yue", [], "yue"),
        ("nan", [], "root"),
    ],
)
def test_babel_writes_the_language_or_else_its_fallback_or_else_digits(
    code: str, fallback: list[str], known: str
) -> None:
    assert str(locale(language(code, fallback))) == known
