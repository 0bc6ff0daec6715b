from pathlib import Path

from city.profile_document import render

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"


def test_the_page_on_profiles_says_what_the_catalogue_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()
