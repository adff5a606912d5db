"""The lines of a scene about what people do with their phones, and what phones do. Gives a remark or is missed."""

from __future__ import annotations

import asyncio
from typing import assert_never

from callrouter.parties.leg import What
from callrouter.parties.listening import has_not_heard, hear_each_other, hears_music, hears_nothing, hears_prompt
from callrouter.parties.party import Habit
from callrouter.parties.scene import Missed, Scene
from callrouter.parties.story import (
    Action,
    CallEnds,
    Caller,
    Calls,
    Does,
    DoesNotRing,
    Fault,
    HasNotHeard,
    Hears,
    HearsMusic,
    HearsNothing,
    HearsPrompt,
    IsConnected,
    IsRefused,
    Presses,
    Rejects,
    Rings,
    Shows,
    Transfers,
    Waits,
)


async def perform(scene: Scene, action: Action) -> str:
    """One line of a scene."""
    match action:
        case HearsPrompt():
            return await hears_prompt(scene, action)
        case HasNotHeard():
            return await has_not_heard(scene, action)
        case HearsMusic():
            return await hears_music(scene, action)
        case HearsNothing():
            return await hears_nothing(scene, action)
        case Hears():
            return await hear_each_other(scene, action)
        case Rings(who, within_s):
            return await scene.expect(who, What.RINGS, within_s)
        case IsConnected(who, within_s):
            return await scene.expect(who, What.ANSWERED, within_s)
        case CallEnds():
            return await _ends(scene, action)
        case IsRefused():
            return await _is_refused(scene, action)
        case DoesNotRing(who, for_s):
            return await _stays_quiet(scene, who, for_s)
        case Shows(who, text):
            return _shows(scene, who, text)
        case _:
            return await _act(scene, action)


async def _act(scene: Scene, action: Calls | Presses | Does | Rejects | Transfers | Waits | Fault) -> str:
    """The lines in which somebody does something, as against those in which something is to be seen or heard."""
    match action:
        case Presses(who, keys):
            sent = await scene.party(who).press(keys)
            if len(sent) < len(keys):
                raise Missed(f"the call ended after {len(sent)} keys; {scene.story_of(who)}")
            scene.acted(sent[-1].at, "key")
            return ""
        case Does():
            await _does(scene, action)
            return ""
        case Calls(who, number):
            _call(scene, who, number)
        case Rejects(who, status):
            scene.party(who).reject(status)
        case Transfers(who, number):
            status = await scene.party(who).refer(f"sip:{number}@{scene.stage.centre.sip[0]}")
            if status >= 300:
                raise Missed(f"the centre answered {status}")
        case Waits(seconds):
            await asyncio.sleep(seconds)
            scene.passed(scene.now())
            return ""
        case Fault(thing, act):
            await _break(scene, thing, act)
        case _:
            assert_never(action)
    scene.acted(scene.now())
    return ""


def _call(scene: Scene, who: str, number: str) -> None:
    role = scene.story.cast[who]
    scene.called(who)
    scene.party(who).call(number or (role.calls if isinstance(role, Caller) else ""))


async def _does(scene: Scene, action: Does) -> None:
    party, start = scene.party(action.who), scene.now()
    match action.what:
        case "answers":
            party.answer()
        case "lets it ring":
            party.habit = Habit()
        case "hangs up":
            await party.hang_up_and_wait()
        case "holds":
            await party.hold()
        case "resumes":
            await party.resume()
        case "registers":
            await party.phone.register()
        case "unregisters":
            await party.phone.unregister()
        case "is unplugged" | "is plugged in":
            party.phone.is_unplugged = action.what == "is unplugged"
    if action.what == "hangs up":
        scene.acted(start, "bye")
    else:
        scene.acted(scene.now())


async def _break(scene: Scene, thing: str, act: str) -> None:
    try:
        await scene.stage.centre.fault(thing, act)
    except ValueError as wrong:
        raise Missed(str(wrong)) from wrong


async def _stays_quiet(scene: Scene, who: str, for_s: float | None) -> str:
    """From now on for a time, or from the beginning until now."""
    since = scene.began if for_s is None else scene.now()
    await asyncio.sleep(for_s or 0.0)
    rang = scene.party(who).happened(What.RINGS, since)
    if rang is not None:
        raise Missed(f"it rang at {rang.at - scene.began:.2f} s")
    return ""


async def _ends(scene: Scene, line: CallEnds) -> str:
    remark = await scene.expect(line.who, What.ENDED, line.within_s)
    how = next(one.detail for one in reversed(scene.party(line.who).log) if one.what is What.ENDED)
    if line.how and how != line.how:
        raise Missed(f"it ended {remark}, but not {line.how}: {how}")
    return remark


def _shows(scene: Scene, who: str, text: str) -> str:
    shown = next((leg.shown for leg in reversed(scene.party(who).legs) if leg.shown), "")
    if shown != text:
        raise Missed(f"it shows {shown!r}" if shown else "it shows no name")
    return ""


async def _is_refused(scene: Scene, line: IsRefused) -> str:
    remark = await scene.expect(line.who, What.REFUSED, line.within_s)
    refusal = next(one for one in reversed(scene.party(line.who).log) if one.what is What.REFUSED)
    if line.status and refusal.detail != line.status:
        raise Missed(f"refused with {refusal.detail}")
    return f"{refusal.detail} {remark}"
