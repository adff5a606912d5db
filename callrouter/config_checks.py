"""Whether the parts of a configuration fit together: what one file names, another must have. Looks, changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from callrouter.config import AgentPart, Config, InVain, Queue, Secret, WrapUp
from callrouter.documents import Document, KeyPath, close_to
from callrouter.errors import Problem
from callrouter.journal import Word
from callrouter.public_holidays import countries

PORTS_PER_CALL = 4
"""Two phones, each with a port for sound and one for its control (RFC 3550 section 11)."""
EPHEMERAL_FIRST = 32768
"""Linux lends ports from here on to programs (ip(7), ip_local_port_range): a call could find its port taken."""


OWN_REASONS = frozenset({*InVain.model_fields, "limit"})
"""Why callrouter sets an agent NOT_READY by itself: coming back from it follows other rules than from a break."""


def fits_together(config: Config, document: Document) -> Iterator[Problem]:
    """Every problem between the parts."""
    for check in (
        _ports,
        _trunks,
        _numbers,
        _queues,
        _callbacks,
        _skills,
        _overflow,
        _agents,
        _mentors,
        _rests,
        _fallback,
        _music,
        _speech,
        _secrets,
        _queue_log,
        _webhooks,
    ):
        yield from check(config, document)


def _ports(config: Config, document: Document) -> Iterator[Problem]:
    sip, first, last = config.sip, config.sip.rtp_first, config.sip.rtp_last
    if first % 2 or not last % 2:
        words = "sound takes ports in pairs: rtp_first must be even and rtp_last odd, like 16000 and 19999"
        yield document.problem(("sip", "rtp_first"), words)
    needed = config.limits.calls * config.centre.workers * PORTS_PER_CALL
    if last - first + 1 < needed:
        words = f"{config.limits.calls} calls in {config.centre.workers} workers need {needed} ports for sound, and "
        words += f"{first}-{last} has {max(0, last - first + 1)}: widen it or lower limits.calls"
        ways: tuple[KeyPath, ...] = (("sip", "rtp_last"), ("sip", "rtp_first"), ("centre", "workers"))
        given = next((path for path in ways if path in document.values), ("limits", "calls"))
        yield document.problem(given, words)
    if last >= EPHEMERAL_FIRST:
        words = f"ports from {EPHEMERAL_FIRST} on may be taken by other programs at any moment; stay below"
        yield document.problem(("sip", "rtp_last"), words, severity="warning")
    if first <= sip.port <= last:
        yield document.problem(("sip", "port"), f"port {sip.port} lies among those for sound, {first}-{last}")
    taken: dict[int, str] = {sip.port: "sip.port"}
    for name, port in (("http_port", config.asterisk.http_port), ("ami_port", config.asterisk.ami_port)):
        if port in taken and config.asterisk.attached is None:
            words = f"port {port} is {taken[port]} already; choose another"
            yield document.problem(("asterisk", name), words)
        taken.setdefault(port, f"asterisk.{name}")
    metrics = config.metrics.port
    if metrics is not None and metrics in taken:
        words = f"port {metrics} is {taken[metrics]} already; choose another"
        yield document.problem(("metrics", "port"), words)


def _trunks(config: Config, document: Document) -> Iterator[Problem]:
    own = ip_address(config.sip.bind)
    seen: list[tuple[str, IPv4Network | IPv6Network]] = []
    for name, trunk in config.trunks.items():
        path: KeyPath = ("trunks", name)
        if not trunk.addresses and trunk.register_with is None:
            yield document.problem(path, "give `addresses`, from which its calls come, or `register`", of_key=True)
        if trunk.out is not None and trunk.register_with is None and trunk.out.address is None:
            yield document.problem((*path, "out"), "give `address`, where calls out go", of_key=True)
        for number, text in enumerate(trunk.addresses):
            here = (*path, "addresses", number)
            try:
                network = ip_network(text)
            except ValueError as error:
                yield document.problem(here, f"{error}; write it like 192.0.2.10 or 192.0.2.0/24")
                continue
            if own in network and not own.is_unspecified:
                words = f"{text} holds our own address {own}, from which our agents' phones may call; make it narrower"
                yield document.problem(here, words)
            for other, theirs in seen:
                if network.version == theirs.version and network.overlaps(theirs):
                    yield document.problem(here, f"{text} overlaps {theirs} of the trunk {other}; keep it in one")
            seen.append((name, network))


def _numbers(config: Config, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, route in enumerate(config.numbers):
        digits = route.number.removeprefix("+")
        if digits in seen:
            words = f"the number {route.number} was already given; keep it once"
            yield document.problem(("numbers", number, "number"), words)
        seen.add(digits)


def _queues(config: Config, document: Document) -> Iterator[Problem]:
    served = {queue for agent in config.agents.values() for queue in agent.queues}
    for name, queue in config.queues.items():
        path: KeyPath = ("queues", name)
        if name == "hangup":
            words = "a queue cannot be called hangup, because `overflow: hangup` means the end of the call"
            yield document.problem(path, words, of_key=True)
        if queue.overflow != "hangup" and queue.overflow not in config.queues:
            yield document.problem((*path, "overflow"), _absent("queue", queue.overflow, config.queues))
        if queue.switch is not None and queue.switch not in config.switches:
            yield document.problem((*path, "switch"), _absent("switch", queue.switch, config.switches))
        if queue.hours is not None and queue.hours.holidays is not None and queue.hours.holidays not in countries():
            yield document.problem((*path, "hours", "holidays"), unknown_holidays(queue.hours.holidays))
        if queue.empty.leave_when == "nobody_reachable" and not queue.empty.grace_s:
            words = "a phone that is out of reach for a moment sends the whole line away; give `grace_s`"
            yield document.problem((*path, "empty", "grace_s"), words, severity="warning")
        if queue.music != "default" and queue.music not in config.music:
            known = ["default", *config.music]
            yield document.problem((*path, "music"), _absent("music", queue.music, known))
        if name not in served:
            words = f"no agent serves the queue {name}; callers there will only wait for its overflow"
            yield document.problem(path, words, of_key=True, severity="warning")


def _callbacks(config: Config, document: Document) -> Iterator[Problem]:
    """Whoever is promised a call must be reachable through the trunk."""
    for name, queue in config.queues.items():
        if queue.callback is None:
            continue
        here: KeyPath = ("queues", name, "callback", "trunk")
        trunk = config.trunks.get(queue.callback.trunk)
        if trunk is None:
            yield document.problem(here, _absent("trunk", queue.callback.trunk, config.trunks))
        elif trunk.out is None:
            words = f"the trunk {queue.callback.trunk} has no `out`, so nobody can be called through it"
            yield document.problem(here, words)
        elif not trunk.out.allowed_prefixes:
            words = f"trunks.{queue.callback.trunk}.out.allowed_prefixes is empty, so nobody may be called back"
            yield document.problem(here, words)


def _skills(config: Config, document: Document) -> Iterator[Problem]:
    """Somebody must be able to serve each queue, and each step of relaxation must do something."""
    known = {skill for agent in config.agents.values() for skill in agent.skills}
    for name, queue in config.queues.items():
        path: KeyPath = ("queues", name)
        serving = [agent for agent in config.agents.values() if name in agent.queues]
        for skill in queue.skills.keys() - known:
            yield document.problem((*path, "skills", skill), _absent("agent with the skill", skill, known))
        if queue.skills.keys() <= known and serving and not any(_has(agent, queue) for agent in serving):
            words = f"no agent of {name} has all its skills; its callers will only wait for its overflow or `relax`"
            yield document.problem((*path, "skills"), words, of_key=True, severity="warning")
        yield from _relaxation(queue, path, document)


def _has(agent: AgentPart, queue: Queue) -> bool:
    return all(agent.skills.get(skill, 0) >= level for skill, level in queue.skills.items())


def _relaxation(queue: Queue, path: KeyPath, document: Document) -> Iterator[Problem]:
    before = 0.0
    for number, step in enumerate(queue.relax):
        here = (*path, "relax", number)
        if not step.drop and not step.lower:
            yield document.problem(here, "say what falls: `drop: [skill]`, `drop: all` or `lower: 1`")
        if step.after_s <= before:
            words = f"each step comes later than the one before it, and {step.after_s:g} is not more than {before:g}"
            yield document.problem((*here, "after_s"), words)
        if step.after_s >= queue.max_wait_s:
            words = f"nobody waits so long here: max_wait_s is {queue.max_wait_s:g}"
            yield document.problem((*here, "after_s"), words, severity="warning")
        before = step.after_s


def _overflow(config: Config, document: Document) -> Iterator[Problem]:
    """A caller must not be sent round in a circle of overflows."""
    done: set[str] = set()
    for name in config.queues:
        trail: list[str] = []
        here = name
        while here != "hangup" and here in config.queues and here not in done and here not in trail:
            trail.append(here)
            here = config.queues[here].overflow
        if here in trail:
            circle = " → ".join([*trail[trail.index(here) :], here])
            words = f"overflow goes in a circle: {circle}; end it with a queue that has `overflow: hangup`"
            yield document.problem(("queues", here, "overflow"), words)
        done.update(trail)


def _agents(config: Config, document: Document) -> Iterator[Problem]:
    for name, agent in config.agents.items():
        for number, queue in enumerate(agent.queues):
            if queue not in config.queues:
                path = ("agents", name, "queues", number)
                yield document.problem(path, _absent("queue", queue, config.queues))
    reasons: dict[str, list[str]] = defaultdict(list)
    for digit, reason in config.not_ready_reasons.items():
        reasons[reason].append(digit)
    for reason, digits in reasons.items():
        if len(digits) > 1:
            words = f"`{reason}` has the digits {' and '.join(digits)}; keep one"
            yield document.problem(("not_ready_reasons", digits[1]), words)


def _mentors(config: Config, document: Document) -> Iterator[Problem]:
    for name, agent in config.agents.items():
        for number, mentor in enumerate(agent.mentors):
            path = ("agents", name, "mentors", number)
            if mentor == name:
                yield document.problem(path, f"{name} cannot be their own mentor; name somebody else")
            elif mentor not in config.agents:
                yield document.problem(path, _absent("agent", mentor, config.agents))


def _rests(config: Config, document: Document) -> Iterator[Problem]:
    """What grows must have room to grow; the reasons that callrouter gives itself are no agent's."""
    wrap_ups: list[tuple[KeyPath, WrapUp | None]] = []
    wrap_ups += [(("queues", name), queue.wrap_up) for name, queue in config.queues.items()]
    wrap_ups += [(("agents", name), agent.wrap_up) for name, agent in config.agents.items()]
    for path, rule in wrap_ups:
        if rule is not None and rule.mode != "none" and rule.longest_s < rule.seconds:
            words = f"`longest_s` is {rule.longest_s:g}, less than `seconds`, {rule.seconds:g}; make it longer"
            yield document.problem((*path, "wrap_up"), words)
    for name, queue in config.queues.items():
        for why, vain in queue.in_vain:
            if vain.longest_s < vain.rest_s:
                words = f"`longest_s` is {vain.longest_s:g}, less than `rest_s`, {vain.rest_s:g}; make it longer"
                yield document.problem(("queues", name, "in_vain", why), words)
        limit: KeyPath = ("queues", name, "in_vain", "missed", "limit")
        if queue.rings_all and queue.briefing.accept == "answer" and limit in document.values:
            words = "with ring_all nobody in particular misses a call: `limit` does nothing here; delete it"
            yield document.problem(limit, words, severity="warning")
    for digit, reason in config.not_ready_reasons.items():
        if reason in OWN_REASONS:
            words = f"`{reason}` is a reason that callrouter gives by itself (docs/routing.md); choose another word"
            yield document.problem(("not_ready_reasons", digit), words)


def _fallback(config: Config, document: Document) -> Iterator[Problem]:
    fallback = config.fallback
    if fallback.agent is not None and fallback.agent not in config.agents:
        yield document.problem(("fallback", "agent"), _absent("agent", fallback.agent, config.agents))
    if fallback.trunk is not None and fallback.trunk not in config.trunks:
        yield document.problem(("fallback", "trunk"), _absent("trunk", fallback.trunk, config.trunks))
    elif fallback.number is not None and fallback.trunk is None:
        yield document.problem(("fallback", "number"), "say through which `trunk` this number is called")
    elif fallback.number is not None and fallback.trunk is not None:
        out = config.trunks[fallback.trunk].out
        if out is None:
            words = f"the trunk {fallback.trunk} has no `out`, so nobody can be called through it"
            yield document.problem(("fallback", "trunk"), words)
        elif not any(fallback.number.startswith(prefix) for prefix in out.allowed_prefixes):
            words = (
                f"{fallback.number} begins with none of trunks.{fallback.trunk}.out.allowed_prefixes; add its prefix"
            )
            yield document.problem(("fallback", "number"), words)
    if config.centre.language not in fallback.text:
        words = f"there is no text in `{config.centre.language}`, the centre's language; add it"
        yield document.problem(("fallback", "text"), words)


def _music(config: Config, document: Document) -> Iterator[Problem]:
    for name, folder in config.music.items():
        if not folder.is_dir():
            yield document.problem(("music", name), f"there is no folder {folder}; make it and put sound files there")


def _speech(config: Config, document: Document) -> Iterator[Problem]:
    for language, voice in config.speech.piper.items():
        if not voice.is_file():
            words = f"there is no Piper voice {voice}; put the .onnx file and its .onnx.json there"
            yield document.problem(("speech", "piper", language), words)


def _secrets(config: Config, document: Document) -> Iterator[Problem]:
    attached = config.asterisk.attached
    secrets: list[tuple[KeyPath, Secret | None]] = [
        (("redis", "password"), config.redis.password),
        (("history", "password"), config.history.password),
        (("asterisk", "attached", "ari_password"), attached.ari_password if attached else None),
        (("asterisk", "attached", "ami_password"), attached.ami_password if attached else None),
    ]
    for name, trunk in config.trunks.items():
        registration = trunk.register_with
        secrets.append((("trunks", name, "register", "password"), registration.password if registration else None))
    secrets += [(("webhooks", name, "secret"), hook.secret) for name, hook in config.webhooks.items()]
    for path, secret in secrets:
        if secret is not None and (secret.env is None) == (secret.file is None):
            yield document.problem(path, "say where the secret is found: either {env: NAME} or {file: PATH}")


def _queue_log(config: Config, document: Document) -> Iterator[Problem]:
    file = config.history.queue_log
    if file is not None and file.is_dir():
        yield document.problem(("history", "queue_log"), f"{file} is a folder; name the file, like {file}/queue_log")
    elif file is not None and not file.parent.is_dir():
        words = f"there is no folder {file.parent}; make it, writable to callrouter's user"
        yield document.problem(("history", "queue_log"), words)


def _webhooks(config: Config, document: Document) -> Iterator[Problem]:
    for name, hook in config.webhooks.items():
        if "@" in urlsplit(hook.url).netloc:
            words = "no user and password here: others may read this file; `secret` signs what is sent"
            yield document.problem(("webhooks", name, "url"), words)
        if not (hook.url.startswith("https:") or hook.insecure or _is_here(hook.url)):
            words = "callers' data would travel unencrypted: use https, or say `insecure: true` if that is meant"
            yield document.problem(("webhooks", name, "url"), words)
        if hook.skip_after_h > config.history.journal_hours:
            words = f"the journal forgets after {config.history.journal_hours:g} hours (history.journal_hours)"
            yield document.problem(("webhooks", name, "skip_after_h"), words, severity="warning")
        for number, word in enumerate(hook.events):
            if word not in Word.__members__:
                words = f"the journal has no word `{word}`{close_to(word, list(Word.__members__))}"
                yield document.problem(("webhooks", name, "events", number), words)


def _is_here(url: str) -> bool:
    """Whether this names our own computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _absent(what: str, name: str, known: Collection[str]) -> str:
    return f"there is no {what} `{name}`{close_to(name, list(known))}"


def unknown_holidays(country: str) -> str:
    return f"the public holidays of `{country}` are not known; write a country like ru, or de-by"
