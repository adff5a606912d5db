"""A real Asterisk with a dialplan of a few lines and no callrouter in it: here the parties prove themselves."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from callrouter.audio import Samples
from callrouter.centre.programs import asterisk_folders, command
from callrouter.centre.sounds import read_for_phone, write_both_laws
from callrouter.errors import SetupError
from callrouter.journal import Entry, Word
from callrouter.parties.centre import Account

TRUNK = "127.0.0.5"
MODULES = """
res_timing_timerfd pbx_config bridge_simple bridge_softmix bridge_holding codec_alaw codec_ulaw codec_a_mu
codec_resample format_pcm format_wav format_sln res_musiconhold res_pjproject res_pjsip res_pjsip_session
res_pjsip_pubsub res_pjsip_sdp_rtp res_rtp_asterisk chan_pjsip res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_authenticator_digest res_pjsip_registrar res_pjsip_caller_id
res_pjsip_nat res_pjsip_rfc3326 res_pjsip_refer app_dial app_playback app_read app_verbose func_callerid
func_channel func_logic
"""
PRELOADED = ("res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb")

ASTERISK_CONF = """
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {home}/var
astdbdir => {home}/var
astkeydir => {home}/var
astdatadir => {data}
astagidir => {home}/var
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
[options]
maxfiles = 4096
"""
PJSIP_CONF = """
[global]
type=global
endpoint_identifier_order=ip,username
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[carrier]
type=endpoint
context=from-trunk
disallow=all
allow=alaw,ulaw
aors=carrier
direct_media=no
from_user=anonymous
[carrier]
type=aor
contact=sip:{trunk}:{carrier}
[carrier]
type=identify
endpoint=carrier
match={trunk}
"""
AGENT_CONF = """
[{name}]
type=endpoint
context=from-agent
disallow=all
allow={codecs}
aors={name}
auth={name}
direct_media=no
allow_transfer=yes
[{name}]
type=aor
max_contacts=1
remove_existing=yes
qualify_frequency=2
[{name}]
type=auth
auth_type=userpass
username={name}
password=pass-{name}
"""
EXTENSIONS_CONF = """
[from-trunk]
exten => 100,1,Answer()
 same => n,Playback({home}/first)
 same => n,Playback({home}/second)
 same => n,Hangup()
exten => 101,1,Answer()
 same => n,Read(KEYS,{home}/first,2,,1,5)
 same => n,GotoIf($["${{KEYS}}" = "42"]?right)
 same => n,Playback({home}/third)
 same => n,Hangup()
 same => n(right),Playback({home}/second)
 same => n,Hangup()
exten => 102,1,Answer()
 same => n,MusicOnHold(default,60)
exten => 103,1,Dial(PJSIP/anna,30)
 same => n,Hangup(17)
exten => 104,1,Ringing()
 same => n,Wait(30)
exten => 105,1,Dial(PJSIP/+79995556677@carrier,30)
exten => 107,1,Dial(PJSIP/boris,30)
exten => 108,1,Wait(0.3)
 same => n,Hangup(21)
[from-agent]
exten => *11,1,Answer()
 same => n,Playback({home}/second)
 same => n,Hangup()
exten => *12,1,Answer()
 same => n,Hangup()
exten => 107,1,Dial(PJSIP/boris,30)
"""
WORDS = {
    "first": "Здравствуйте. Кто звонит? Если вы плательщик, нажмите один. Если вы магазин, нажмите два.",
    "second": "Спасибо. Мы соединяем вас с сотрудником.",
    "third": "Здравствуйте. Кто звонит? Вы ошиблись номером, до свидания.",
}


@dataclass(frozen=True)
class Bare:
    """Where it listens, and what it plays."""

    sip: tuple[str, int]
    carrier_port: int
    prompts: dict[str, Samples]
    music: list[Samples]


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((host, 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def running(home: Path) -> Iterator[Bare]:
    """Start it, wait until it is ready, stop it by its own id."""
    bare = _prepare(home)
    with (home / "out").open("wb") as out:
        start = [*command("asterisk"), "-C", str(home / "etc/asterisk.conf"), "-f"]
        process = subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            _wait_until_ready(home, process)
            yield bare
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _prepare(home: Path) -> Bare:
    for folder in ("etc", "var", "spool", "run", "log", "moh"):
        (home / folder).mkdir(parents=True)
    prompts = {name: _say(text, home / name) for name, text in WORDS.items()}
    music = [_music(home / "moh" / "piece")]
    bare = Bare(("127.0.0.1", free_port()), free_port(TRUNK), prompts, music)
    folders = asterisk_folders()
    places = {"home": home, "etc": home / "etc", "modules": folders.modules, "data": folders.data}
    agents = [("anna", "alaw,ulaw"), ("boris", "ulaw")]
    files = {
        "asterisk": ASTERISK_CONF.format(**places),
        "modules": "[modules]\nautoload=no\n"
        + "".join(f"preload={name}.so\n" for name in PRELOADED)
        + "".join(f"load={name}.so\n" for name in MODULES.split()),
        "pjsip": PJSIP_CONF.format(sip=bare.sip[1], trunk=TRUNK, carrier=bare.carrier_port)
        + "".join(AGENT_CONF.format(name=name, codecs=codecs) for name, codecs in agents),
        "extensions": EXTENSIONS_CONF.format(home=home),
        "musiconhold": f"[default]\nmode=files\ndirectory={home}/moh\nsort=random\n",
        "rtp": "[general]\nrtpstart=27000\nrtpend=27999\n",
        "logger": "[general]\n[logfiles]\nmessages => notice,warning,error\n",
    }
    for name, text in files.items():
        (home / "etc" / f"{name}.conf").write_text(text)
    return bare


def _say(text: str, stem: Path) -> Samples:
    wav = stem.with_suffix(".spoken")
    subprocess.run([*command("espeak-ng"), "-v", "ru", "-w", str(wav), text], check=True, capture_output=True)
    samples = read_for_phone(wav)
    write_both_laws(samples, stem)
    return samples


def _music(stem: Path) -> Samples:
    data = asterisk_folders().data
    found = sorted((data / "moh").glob("*.wav")) or sorted(Path("/usr/share/asterisk/moh").glob("*.wav"))
    if not found:
        raise SetupError("there is no music on hold: run `make setup`")
    samples = read_for_phone(found[0])
    write_both_laws(samples, stem)
    return samples


def _wait_until_ready(home: Path, process: subprocess.Popen[bytes]) -> None:
    ask = [*command("asterisk"), "-C", str(home / "etc/asterisk.conf"), "-rx", "core waitfullybooted"]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        said = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=20).stdout
        if "fully booted" in said:
            return
        time.sleep(0.1)
    raise RuntimeError(f"Asterisk did not start: {(home / 'out').read_text(errors='replace')[-2000:]}")


@dataclass
class BareCentre:
    """The bare Asterisk as the centre of a story. There is no journal but the one that a test writes by hand."""

    bare: Bare
    entries: list[Entry] = field(default_factory=list)
    recorded: Path | None = None
    broken: list[tuple[str, str]] = field(default_factory=list)
    codes: Mapping[str, str] = field(default_factory=lambda: {"ready": "*12"})

    @property
    def sip(self) -> tuple[str, int]:
        return self.bare.sip

    @property
    def trunk(self) -> tuple[str, int]:
        return TRUNK, self.bare.carrier_port

    def agent(self, name: str) -> Account:
        return {name: Account(name, f"pass-{name}") for name in ("anna", "boris")}[name]

    def queues_of(self, agent: str) -> frozenset[str]:
        return frozenset({"payers"} if agent == "anna" else {"merchants"})

    def prompt(self, name: str, language: str) -> Samples:
        return {("bare." + key, "ru"): sound for key, sound in self.bare.prompts.items()}[name, language]

    def music(self) -> Sequence[Samples]:
        return self.bare.music

    async def call_of(self, number: str, since: float) -> str | None:
        return f"call-of-{number}" if time.time() >= since else None

    async def journal(self, call: str) -> Sequence[Entry]:
        return self.entries

    async def recording(self, call: str) -> Path | None:
        return self.recorded

    async def fault(self, thing: str, act: str) -> None:
        if thing != "worker w1":
            raise ValueError(f"there is no {thing} to be {act}; there is worker w1")
        self.broken.append((thing, act))


def entry(word: Word, queue: str = "", agent: str = "", **data: str) -> Entry:
    return Entry(word, "call", agent, queue, data)
