"""Queue, transfer, lookup: somebody else has the caller for a while, or for good."""

from __future__ import annotations

from dataclasses import replace

from callrouter.tree.address import shown, variables_in
from callrouter.tree.facts import Facts
from callrouter.tree.model import Lookup, Queue, Transfer, Tree
from callrouter.tree.nodes.moves import At, Go, Move, On, Stay, after, learned, said_again, speak
from callrouter.tree.words import (
    Answered,
    Hush,
    Input,
    JoinQueue,
    LookedUp,
    LookUp,
    Output,
    Phase,
    PromptHeard,
    QueueLeft,
    Refused,
    Resumed,
    SetLanguage,
    StopTimer,
    Tagged,
    TargetEnded,
    Walk,
)
from callrouter.tree.words import Transfer as PutThrough

RANG_BACK = "rang_back"
"""What the journal says of how they came to the node."""


def join(at: At) -> Move:
    queue, walk = at.node(Queue), at.walk
    why = _refusal(at)
    if why in queue.ways:
        return Go(queue.ways[why], walk, why, (Refused(queue.queue, why),))
    joined = JoinQueue(
        queue.queue,
        queue.priority + walk.priority,
        (at.prompt(queue.prompt),) if queue.prompt else (),
        require=walk.require,
        prefer=walk.prefer,
        sticky_agent=walk.sticky_agent,
        max_wait_s=queue.max_wait_s,
        music=queue.music,
        announce=at.prompt(queue.announce.prompt, "announce") if queue.announce else None,
        announce_every_s=queue.announce.every_s if queue.announce else 0,
        exit_key=queue.exit.key if queue.exit else None,
        returns=queue.timed_out is not None,
        branches=tuple(why for why, then in queue.doors.items() if then is not None),
        resumes=queue.resume is not None,
    )
    phase = Phase.IN_LINE if queue.exit or queue.timed_out or joined.branches else Phase.ENDED
    return Stay(replace(walk, phase=phase), (joined,))


def _refusal(at: At) -> str:
    """Why the caller may not join; empty if they may. A place that was kept for them is theirs, however full it is."""
    queue = at.node(Queue)
    why = at.facts.refusing.get(queue.queue, "")
    holds_place = any(queue.queue in kept.queues for kept in at.facts.kept)
    if why == "full" and holds_place:
        why = ""
    if not why and queue.queue in at.facts.unstaffed:
        why = "nobody"
    return why or ("long_wait" if queue.queue in at.facts.long_waits and not holds_place else "")


def resumed(tree: Tree, facts: Facts) -> Go | None:
    """Straight to the line out of which this caller dropped a moment ago, with all that the tree had learned."""
    for kept in facts.kept:
        node = tree.nodes.get(kept.walk.node) if kept.walk and kept.tree == tree.name else None
        if kept.walk is None or not isinstance(node, Queue) or node.resume is None or node.queue not in kept.queues:
            continue
        language = (SetLanguage(kept.language),) if kept.language in tree.languages else ()
        told = tuple(Answered(name, value) for name, value in kept.walk.variables.items())
        tags = (Tagged(kept.walk.tags),) if kept.walk.tags else ()
        return Go(kept.walk.node, kept.walk, RANG_BACK, (*language, *told, *tags))
    return None


def welcomed(tree: Tree, walk: Walk, facts: Facts, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """Who is back in the line hears so first."""
    at = At(tree, walk, facts)

    def first(output: Output) -> Output:
        node = tree.nodes[walk.node]
        if not isinstance(output, JoinQueue) or not isinstance(node, Queue) or node.resume is None:
            return output
        return replace(output, prompts=(at.prompt(node.resume, "resume"), *output.prompts))

    return tuple(first(output) for output in outputs)


def left_line(at: At, given: Input) -> Move:
    queue = at.node(Queue)
    if isinstance(given, QueueLeft) and given.how == "exit" and queue.exit is not None:
        return Go(queue.exit.then, at.walk, queue.exit.key)
    if isinstance(given, QueueLeft) and given.how in queue.ways:
        return Go(queue.ways[given.how], at.walk, given.how)
    assert queue.timed_out is not None, "only a queue that says where to go on gives the caller back"
    return Go(queue.timed_out, at.walk, "timed_out")


def announce_transfer(at: At) -> Move:
    transfer = at.node(Transfer)
    return speak(at, at.prompt(transfer.prompt)) if transfer.prompt else put_through(at, PromptHeard())


def put_through(at: At, _: Input) -> Move:
    transfer = at.node(Transfer)
    named = next(variables_in(transfer.to), None)
    target = shown(at.variables.get(named, "")) if named else transfer.to
    if not target:
        return Go(transfer.failed, at.walk, "unknown")
    asked = PutThrough(target, transfer.ring_s, transfer.music, transfer.record)
    return Stay(replace(at.walk, phase=Phase.TRANSFERRING), (asked,))


def not_reached(at: At, given: Input) -> Move:
    why = given.why if isinstance(given, TargetEnded) else "failed"
    return Go(at.node(Transfer).failed, at.walk, why)


def look_up(at: At) -> Move:
    """A secret that is not in memory any more is asked for again; its node counts how often."""
    lookup, variables = at.node(Lookup), at.variables
    wanted = set(needed(lookup))
    # `ask_again` is there exactly when something secret is sent, as the checks of the tree demand
    secrets = tuple(sorted(name for name in wanted - variables.keys() if name in at.facts.secrets))
    missing = wanted - variables.keys() - set(secrets)
    if missing and lookup.ask_again is not None:
        return Go(lookup.ask_again, at.walk, "lost")
    values = {name: variables[name] for name in sorted(wanted & variables.keys())}
    filler = (at.prompt(lookup.filler, "filler"),) if lookup.filler else ()
    asked = LookUp(at.walk.node, lookup, values, secrets, filler)
    return Stay(replace(at.walk, phase=Phase.LOOKING_UP), (asked,))


def needed(lookup: Lookup) -> tuple[str, ...]:
    """The variables that its request holds."""
    texts = (lookup.url, *(value for value in lookup.body.values() if isinstance(value, str)))
    return tuple(dict.fromkeys(name for text in texts for name in variables_in(text)))


def answered(at: At, given: Input) -> Move:
    lookup = at.node(Lookup)
    if not isinstance(given, LookedUp) or given.failure:
        return after((Hush(),), Go(lookup.failed, at.walk, "failed"))
    walk, outputs = learned(at.walk, given.values)
    return Go(lookup.next, walk, outputs=(Hush(), *outputs))


ON_QUEUE: On = {(Phase.IN_LINE, QueueLeft): left_line}
ON_TRANSFER: On = {
    (Phase.SPEAKING, PromptHeard): put_through,
    (Phase.SPEAKING, Resumed): said_again(announce_transfer),
    (Phase.TRANSFERRING, TargetEnded): not_reached,
    (Phase.TRANSFERRING, Resumed): put_through,
}
ON_LOOKUP: On = {
    (Phase.LOOKING_UP, LookedUp): answered,
    (Phase.LOOKING_UP, Resumed): lambda at, _: after((StopTimer(),), look_up(at)),
}
