import pytest

from city.errors import UnknownSetting
from city.settings import BrokerSettings, DatabaseSettings, PublicSettings, refuse_unknown

CLASSES = (DatabaseSettings, BrokerSettings, PublicSettings)


def test_a_misspelt_setting_stops_the_process_and_names_the_nearest() -> None:
    with pytest.raises(UnknownSetting) as caught:
        refuse_unknown({"CITYPULSE_DATABASE_ULR": "x", "PATH": "/bin"}, CLASSES)
    assert caught.value.unknown == {"CITYPULSE_DATABASE_ULR": "CITYPULSE_DATABASE_URL"}
    assert "did you mean CITYPULSE_DATABASE_URL" in str(caught.value)


def test_known_and_foreign_names_pass() -> None:
    refuse_unknown({"CITYPULSE_MQTT_URL": "x", "CITY": "y"}, CLASSES)


def test_a_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYPULSE_DATABASE_URL", "postgresql://u:hunter2@h/db")
    settings = DatabaseSettings()
    assert "hunter2" not in repr(settings) + str(settings)
    assert settings.url is not None
    assert "hunter2" in settings.url.get_secret_value()
