"""pyst2's AGI over one FastAGI connection, made safe: no signals, no stray output, nothing can break out of its line.

pyst2 0.5.1 by itself installs a signal handler (main thread only), prints callers' data to stderr, reads a bare HANGUP
line as a broken number, waits for ever behind a half-sent answer, and leaves quotes in values as they are.
"""

from __future__ import annotations

import re
import socket

from asterisk.agi import (
    AGI,
    AGIAppError,
    AGIError,
    AGIInvalidCommand,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
    re_kv,
)

LONGEST_LINE = 16_384
"""Asterisk's own buffer has 8192 bytes (AGI_BUF_LEN in res_agi.c)."""
MOST_LINES = 500
GREETING_S = 5.0
"""Asterisk sends its variables at once; whoever says nothing is a probe."""
ANSWER_S = 10.0
LONGEST_SOUND_S = 330.0
"""A prompt lasts five minutes at most."""
NAME_OF_SOUND_FIRST = frozenset({"STREAM FILE", "GET DATA", "GET OPTION"})
"""pyst2 sends the names of sounds as they are; a folder's name may have a blank in it."""
AFTER_HANGUP = frozenset({"SET VARIABLE", "GET VARIABLE", "GET FULL VARIABLE", "VERBOSE", "NOOP"})
"""What Asterisk still does for a caller who has gone (`dead` in its table of commands)."""
_BREAKS_A_LINE = re.compile(r"[\r\n\0]")
_ANSWER = re.compile(r"(\d{3})([ -]?)(.*)", re.DOTALL)

Answer = dict[str, tuple[str, str]]


class NotPlayed(AGIError):  # type: ignore[misc]  # pyst2 ships no types
    """Asterisk could not open a sound."""


class Agi(AGI):  # type: ignore[misc]  # pyst2 ships no types
    """One caller's channel, command by command: all of pyst2's verbs. AGIHangup: the caller or Asterisk has gone."""

    def __init__(self, connection: socket.socket) -> None:
        # not pyst2's own: it would install a signal handler
        self._socket = connection
        self._stream = connection.makefile("rb")
        self._got_sighup = False
        self.env: dict[str, str] = {}
        connection.settimeout(GREETING_S)
        try:
            self._get_agi_env()
        except OSError as error:
            raise AGISIGPIPEHangup(f"no greeting from Asterisk: {error}") from error

    @property
    def has_hung_up(self) -> bool:
        """Asterisk has said so; without it the next command finds out."""
        return self._got_sighup

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def stream_file(self, filename: str, escape_digits: str = "", sample_offset: int = 0) -> str:
        """The key that cut it, or nothing. NotPlayed if Asterisk cannot open it."""
        answer = self.execute("STREAM FILE", filename, self._quote(escape_digits), sample_offset)
        # a file that cannot be opened is answered like one that was heard: result=0, but at position 0
        if answer["result"][0] == "0" and answer.get("endpos", ("", ""))[0] == "0" and not sample_offset:
            raise NotPlayed(f"Asterisk cannot play {filename}; may its user read it?")
        return _key(answer)

    def set_music(self, on: bool) -> None:
        """The channel's own music, until it is taken away or something is played."""
        self.execute("SET MUSIC", "ON" if on else "OFF")

    def execute(self, command: str, *args: object) -> Answer:
        """One command and its answer."""
        if self._got_sighup and command not in AFTER_HANGUP:
            raise AGISIGHUPHangup("the caller has hung up")
        if command in NAME_OF_SOUND_FIRST and args:
            args = (self._quote(str(args[0])), *args[1:])
        try:
            self._socket.settimeout(_patience_s(command, args))
            self.send_command(command, *args)
            return self.get_result()
        except OSError as error:
            raise AGISIGPIPEHangup(f"the connection with Asterisk is lost: {error}") from error

    def send_command(self, command: str, *args: object) -> None:
        line = " ".join([command.strip(), *map(str, args)]).rstrip(" ")
        if _BREAKS_A_LINE.search(line):
            raise ValueError("an AGI command is one line; leave out line breaks and NUL")
        self._socket.sendall(line.encode(errors="replace") + b"\n")

    def get_result(self, stdin: object = None) -> Answer:  # noqa: ARG002 - pyst2's own signature
        """The answer to the last command, whatever Asterisk says in between."""
        code, sign, words = self._answer_line()
        while code == 100:  # "Trying": the answer proper comes later
            code, sign, words = self._answer_line()
        match code:
            case 200:
                return _meaning(words)
            case 510:
                raise AGIInvalidCommand(words)
            case 511:  # only a channel that lives takes such a command
                self._got_sighup = True
                raise AGIResultHangup("the caller has hung up")
            case 520:
                raise AGIUsageError("\n".join([words, *(self._usage() if sign == "-" else ())]))
            case _:
                raise AGIUnknownError(code, f"unknown answer: {words[:200]}")

    def _get_agi_env(self) -> None:
        for _ in range(MOST_LINES):
            line = self._line()
            if not line:
                return
            name, _, value = line.partition(":")
            self.env[name.strip()] = value.strip()
        raise AGIUnknownError(0, f"more than {MOST_LINES} variables: this is not Asterisk")

    def _quote(self, string: object) -> str:
        text = str(string)
        if _BREAKS_A_LINE.search(text):
            raise ValueError("a value for AGI is one line; leave out line breaks and NUL")
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _answer_line(self) -> tuple[int, str, str]:
        line = self._line()
        while line == "HANGUP":  # in the middle of everything, once
            self._got_sighup = True
            line = self._line()
        found = _ANSWER.fullmatch(line)
        if found is None:
            raise AGIUnknownError(0, f"no answer that AGI knows: {line[:200]}")
        return int(found[1]), found[2], found[3]

    def _usage(self) -> list[str]:
        lines: list[str] = []
        while len(lines) < MOST_LINES and not (lines and lines[-1].endswith("520 End of proper usage.")):
            lines.append(self._line())
        return lines

    def _line(self) -> str:
        """The next line; AGIHangup at the end of them."""
        raw = self._stream.readline(LONGEST_LINE)
        if not raw.endswith(b"\n"):
            raise AGISIGPIPEHangup("Asterisk has closed the connection, or sends no lines")
        return str(raw.decode(errors="replace").rstrip("\r\n"))


def _meaning(words: str) -> Answer:
    """`result=1 (value) endpos=160`: each word with its value and what stands in brackets."""
    result: Answer = {key: (value, data) for key, value, data in re_kv.findall(words)}
    value, data = result.setdefault("result", ("", ""))
    if value == "-1":
        if data == "hangup":
            raise AGIResultHangup("the caller has hung up")
        raise AGIAppError("the command failed, or the caller has hung up")
    return result


def _key(answer: Answer) -> str:
    code = answer["result"][0]
    return "" if code in ("", "0") else chr(int(code))


def _patience_s(command: str, args: tuple[object, ...]) -> float | None:
    """How long the answer may take. None: the caller decides (EXEC, RECORD FILE), TCP notices a dead Asterisk."""
    match command, args:
        case "WAIT FOR DIGIT", (int() as milliseconds, *_) if milliseconds >= 0:
            return milliseconds / 1000 + ANSWER_S
        case "STREAM FILE", _:
            return LONGEST_SOUND_S + ANSWER_S
        case (
            (
                "SET VARIABLE"
                | "GET VARIABLE"
                | "GET FULL VARIABLE"
                | "ANSWER"
                | "CHANNEL STATUS"
                | "NOOP"
                | "SET MUSIC"
            ),
            _,
        ):
            return ANSWER_S
        case _:
            return None
