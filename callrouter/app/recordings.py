"""From a finished conversation to its recording, and the journal's word about it; also for what a crash left behind."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from callrouter.app.history import entries_of
from callrouter.app.site import Site
from callrouter.calls.call import Call
from callrouter.engine.ports import Commit, Line
from callrouter.journal import Entry, Word
from callrouter.recordings.facts import Recording, RecordingFacts
from callrouter.recordings.name import call_of, number_of
from callrouter.reporting.calls import fold
from callrouter.store.recording_files import RecordingFiles
from callrouter.store.recording_job import Failed
from callrouter.telephony import CallId, RecordingId


def recording_files(site: Site, line: Line) -> RecordingFiles:
    return RecordingFiles(
        site.raw_recordings,
        site.recordings,
        file_format=site.config.recordings.format,
        zone=site.config.centre.zone,
        report=partial(journal_recording, line),
    )


async def finish_recording(files: RecordingFiles, call: Call) -> None:
    assert call.talk is not None
    assert call.talk.recording is not None
    await files.finish(call.talk.recording, facts(call, call.talk.recording))


def facts(call: Call, recording: RecordingId) -> RecordingFacts:
    """What a finished call knows about its recording."""
    talk = call.talk
    assert talk is not None
    return RecordingFacts(
        recording=recording,
        call=call.id,
        n=number_of(recording),
        started_ms=talk.since_ms,
        agent=talk.agent or talk.target,
        queue=talk.queue,
        caller=call.caller,
        number=call.number,
        tree=call.tree,
        tree_version=call.version,
        path=call.path,
    )


async def journal_recording(line: Line, outcome: Recording | Failed) -> None:
    """The file's name and checksum, or why there is none, into the journal."""
    if isinstance(outcome, Failed):
        call, data = call_of(outcome.recording), {"problem": outcome.why}
        agent = queue = ""
    else:
        call, agent, queue = outcome.facts.call, outcome.facts.agent, outcome.facts.queue
        data = {
            "file": outcome.file,
            "sha256": outcome.sha256,
            "seconds": f"{outcome.seconds:.3f}",
            "format": outcome.format,
        }
        if outcome.problems:
            data["problem"] = "; ".join(outcome.problems)
    await line.commit(Commit((Entry(Word.RECORDING, call=call, agent=agent, queue=queue, data=data),)))


async def live_calls(line: Line) -> Collection[CallId]:
    return {stored.call for stored in await line.calls()}


async def facts_of(line: Line, recording: RecordingId) -> RecordingFacts | None:
    """What the journal still knows about a recording that was found after a crash."""
    call = call_of(recording)
    record = fold(await entries_of(line, call)).get(call)
    talk = next((talk for talk in record.talks if talk.recording == recording), None) if record else None
    if record is None or talk is None:
        return None
    return RecordingFacts(
        recording=recording,
        call=call,
        n=number_of(recording),
        started_ms=talk.at_ms,
        agent=talk.agent,
        queue=talk.queue,
        caller=record.caller,
        number=record.number,
        tree=record.tree,
        tree_version=record.version,
        path=tuple(step.node for step in record.path),
    )
