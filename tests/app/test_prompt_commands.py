"""`callrouter prompts`: what the list says of each prompt, and how recordings come in."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from callrouter.app.prompt_commands import UNUSED, imported, is_bad, listed
from callrouter.app.site import Site, open_site
from callrouter.audio import tone
from callrouter.cli import app
from callrouter.errors import SetupError

TREE = """schema: 1
languages: [en]
start: hello
nodes:
  hello: {type: say, prompt: {en: "Hello."}, next: order}
  order: {type: set, variables: {order: "42"}, next: told}
  told: {type: say, prompt: {en: "Your order {order:digits} is ready."}, next: bye}
  bye: {type: hangup, prompt: {en: "Goodbye."}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "config").mkdir()
    config = 'centre: {language: en}\nnumbers: [{number: "+7495", tree: shop}]\n'
    (tmp_path / "config/callrouter.yaml").write_text(config)
    (tmp_path / "ivr_trees").mkdir()
    (tmp_path / "ivr_trees/shop.yaml").write_text(TREE)
    return open_site(tmp_path / "config", tmp_path / "run")


def studio(file: Path, level: float = 0.1) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, tone(500, 0.5, level), 8000)
    return file


def states(site: Site) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {line.key: (line.state, line.flaws) for line in listed(site) if line.key.startswith("shop")}


def test_every_prompt_is_listed_by_what_could_be_recorded_of_it(site: Site) -> None:
    assert states(site) == {
        "shop.bye": ("synthetic", ()),
        "shop.hello": ("synthetic", ()),
        "shop.told.1": ("synthetic", ()),
        "shop.told.2": ("synthetic", ()),
    }


def test_recordings_are_measured(site: Site) -> None:
    studio(site.config.trees / "shop/en/hello.wav", level=0.001)
    assert states(site)["shop.hello"] == ("recorded", ("too quiet",))
    assert [line.key for line in listed(site) if is_bad(line)] == ["shop.hello"]


def test_a_recording_of_the_whole_of_a_text_with_values_is_said_to_be_useless(site: Site) -> None:
    studio(site.config.trees / "shop/en/told.wav")
    assert states(site)["shop.told"] == ("recorded", (UNUSED,))


def test_recordings_come_in_by_their_names(site: Site, tmp_path: Path) -> None:
    files = [studio(tmp_path / "in/shop.hello.flac"), studio(tmp_path / "in/shop.told.2.wav", 0.001)]
    done = imported(site, files, "en", tree=None, key=None, replace=False)
    assert [one.target.relative_to(site.config.trees) for one in done] == [
        Path("shop/en/hello.wav"),
        Path("shop/en/told.2.wav"),
    ]
    assert states(site)["shop.hello"] == ("recorded", ())
    assert states(site)["shop.told.2"] == ("recorded", ())


def test_with_the_tree_or_the_prompt_named_the_file_may_be_called_anything(site: Site, tmp_path: Path) -> None:
    imported(site, [studio(tmp_path / "hello.wav")], "en", tree="shop", key=None, replace=False)
    imported(site, [studio(tmp_path / "take 3.wav")], "en", tree=None, key="shop.bye", replace=False)
    assert {key for key, (state, _) in states(site).items() if state == "recorded"} == {"shop.hello", "shop.bye"}


def test_a_recording_is_replaced_only_when_told_and_only_one_is_left(site: Site, tmp_path: Path) -> None:
    before = studio(site.config.trees / "shop/en/hello.flac")
    again = studio(tmp_path / "shop.hello.wav")
    with pytest.raises(SetupError, match="give --replace"):
        imported(site, [again], "en", tree=None, key=None, replace=False)
    imported(site, [again], "en", tree=None, key=None, replace=True)
    assert not before.exists()
    assert [file.name for file in before.parent.iterdir()] == ["hello.wav"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("shop.helo.wav", "did you mean shop.hello"),
        ("shop...bye.wav", "there is no prompt"),
        ("shop.told.wav", "there is no prompt 'shop.told'"),
        ("nothing-of-the-sort.wav", "shows them all"),
    ],
)
def test_a_name_that_is_no_prompts_is_refused_and_nothing_is_written(
    site: Site, tmp_path: Path, name: str, says: str
) -> None:
    files = [studio(tmp_path / "shop.bye.wav"), studio(tmp_path / name)]
    with pytest.raises(SetupError, match=says):
        imported(site, files, "en", tree=None, key=None, replace=False)
    assert {state for state, _ in states(site).values()} == {"synthetic"}


@pytest.mark.parametrize("key", ["../../etc/x", "shop/../../x", "shop.../x", "/etc/passwd"])
def test_a_hostile_key_is_refused(site: Site, tmp_path: Path, key: str) -> None:
    with pytest.raises(SetupError, match="there is no prompt"):
        imported(site, [studio(tmp_path / "x.wav")], "en", tree=None, key=key, replace=True)


def test_a_language_that_nobody_hears_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="languages are en"):
        imported(site, [studio(tmp_path / "shop.bye.wav")], "fr", tree=None, key=None, replace=False)


def test_the_commands_say_it_by_their_exit_codes(site: Site, tmp_path: Path) -> None:
    config = ["--config", str(tmp_path / "config"), "--run-folder", str(tmp_path / "run")]
    runner = CliRunner()
    good = runner.invoke(app, [*config, "prompts", "list"])
    assert (good.exit_code, "0 missing" in good.output) == (0, True)
    soundfile.write(tmp_path / "shop.bye.wav", np.zeros(800), 8000)
    refused = runner.invoke(app, [*config, "prompts", "import", str(tmp_path / "shop.bye.wav"), "--language", "en"])
    assert (refused.exit_code, "is silent; record it again" in refused.output) == (1, True)
    studio(site.config.trees / "shop/en/bye.wav", level=0.001)
    bad = runner.invoke(app, [*config, "prompts", "list", "--problems"])
    assert bad.exit_code == 1
    assert len(bad.output.strip().splitlines()) == 2
