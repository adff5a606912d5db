"""The index: who of the free and of the waiting belong together, kept up with every change of the floor.

    an agent is free     the first call of each kind that their group is able to take: the least turn of these
    a call waits         the best of the groups that are able to take its kind, its first agent by the queue's strategy
    time passes          calls whose needs fall go to another kind, at instants known when they came

Rule: between two looks no free agent is left together with a call they can take, so only what changed since the last
look, or was paired by it, is looked at again. What is chosen must be what a plain scan of the floor would choose.
"""

from __future__ import annotations

from collections.abc import Collection
from heapq import heapify, heappop, heappush

from callrouter.acd.able import NOBODY, SLACK, Group, Kind, Post, Seat, Spot, Turn
from callrouter.acd.catalogue import Catalogue, Raw
from callrouter.acd.skills import Needs
from callrouter.acd.strategy import Strategy, drawn
from callrouter.acd.things import Activity, Fields, Pairing, Presence, takes_offers
from callrouter.acd.turn import GAP_MS, turn

ACTIVITIES, PRESENCES = frozenset(Activity), frozenset(Presence)
SEATING = frozenset({"queues", "skills", "presence", "reachable", "barred"})
"""Fields of an agent that say where they belong, and whether they are at work."""
PLACING = frozenset({"queue", "priority", "since", "require", "prefer", "sticky"})
"""Fields of a waiting call that say where it stands."""


class Index:
    """Reads the raw fields of agents, queues and waiting calls, which are kept elsewhere; built by the first look."""

    def __init__(self, agents: Raw, queues: Raw, waiting: Raw) -> None:
        self._agents, self._queues, self._waiting = agents, queues, waiting
        self._now = 0
        self._stale = True
        self._clear()

    def _clear(self) -> None:
        self._catalogue = Catalogue(self._queues)
        self._groups, self._kinds = self._catalogue.groups, self._catalogue.kinds
        self._heads = self._catalogue.heads
        self._seats: dict[str, Seat] = {}
        self._spots: dict[str, Spot] = {}
        self._own: dict[str, Kind] = {}
        """Agent → the callers who wait for this agent alone."""
        self._sticky: dict[str, dict[str, None]] = {}
        """Agent → the calls that would rather have this agent."""
        self._alarms: list[tuple[int, str]] = []
        self._moved: dict[str, None] = {}
        """Calls whose needs have fallen by the time of `_now`."""
        self._new_free: set[int] = set()
        """Groups that may be able to take a waiting call."""
        self._new_calls: set[int] = set()
        """Kinds for whose calls somebody may be free."""

    # --- changes of the floor ----------------------------------------------------------------------------------------

    def queues_changed(self) -> None:
        """Strategies, needs, priorities: all is ordered anew at the next look."""
        self._stale = True

    def agent_changed(self, name: str, fields: Fields | None, change: Fields) -> None:
        """`fields` are all those of the agent (None: gone), `change` those just set."""
        if self._stale:
            return
        seat = self._seats.get(name)
        if fields is None:
            if seat is not None:
                self._rise(seat)
                del self._seats[name]
                self._restick(name)
            return
        if seat is None or not SEATING.isdisjoint(change):
            seat = self._seated(name, fields, seat)
        activity = fields.get("activity", "IDLE")
        if activity == "IDLE":
            if seat.ready:
                self._sit(seat, fields)
            else:
                self._rise(seat)
        elif activity not in ACTIVITIES:
            raise ValueError(f"agent {name} cannot be {activity}")
        else:
            self._rise(seat)

    def call_changed(self, name: str, fields: Fields | None, change: Fields) -> None:
        """`fields` are all those of the waiting call (None: it waits no more), `change` those just set."""
        if self._stale:
            return
        spot = self._spots.get(name)
        if fields is None:
            if spot is not None:
                self._forget(spot)
        elif spot is None or not PLACING.isdisjoint(change):
            if spot is not None:
                self._forget(spot)
            spot = self._spot(name, fields)
            if takes_offers(fields):
                self._call_in(spot)
        elif "offer" in change or "open" in change:
            if not takes_offers(fields):
                self._call_out(spot)
            elif spot.kind is None:
                self._call_in(spot)

    def build(self) -> None:
        """Order everything, if that is due. Raises ValueError for what cannot be read, at every call until it can."""
        if not self._stale:
            return
        self._clear()
        self._stale = False
        try:
            self._take_all()
        except ValueError:
            self._stale = True
            raise

    def _take_all(self) -> None:
        for name, fields in self._agents.items():
            self.agent_changed(name, fields, fields)
        for name, fields in self._waiting.items():
            self.call_changed(name, fields, fields)

    # --- the choice --------------------------------------------------------------------------------------------------

    def look(self, now_ms: int, taken: Collection[str] = (), given: Collection[str] = ()) -> list[Pairing]:
        """Who should be offered to whom at this moment, as if `taken` agents were not there, nor `given` calls but
        those that ring all."""
        if now_ms != self._now or self._stale:
            self._come_to(now_ms)
        if not taken and not given:
            if not self._new_calls:
                if not self._new_free:
                    return []
                if len(self._new_free) == 1:
                    return self._for_one_group()
            elif not self._new_free and len(self._new_calls) == 1:
                return self._for_one_kind()
        return self._look_without(frozenset(taken), frozenset(given))

    def _look_without(self, taken: frozenset[str], given: frozenset[str]) -> list[Pairing]:
        seats = [seat for name in taken if (seat := self._seats.get(name)) and seat.free]
        spots = [spot for name in given if (spot := self._spots.get(name)) and spot.kind and not spot.plan.rings_all]
        for seat in seats:
            self._rise(seat)
        for spot in spots:
            self._call_out(spot)
        pairs = self._pairs_put_back()
        for seat in seats:
            self._return(seat)
        for spot in spots:
            self._call_in(spot)
        return pairs

    def next_change_ms(self) -> int | None:
        """When a caller's needs fall next without anything happening."""
        self.build()
        while self._alarms:
            at_ms, name = self._alarms[0]
            spot = self._spots.get(name)
            if spot is not None and spot.alarm == at_ms and spot.kind is not None:
                return at_ms
            if spot is not None and spot.alarm == at_ms:
                spot.alarm = 0
            heappop(self._alarms)
        return None

    def waits_for_own(self, call: str, now_ms: int) -> bool:
        """Whether this call waits for the agent who helped last, and for nobody else."""
        self._come_to(now_ms)
        spot = self._spots.get(call)
        return spot is not None and self._where(spot)[0] is self._own.get(spot.sticky)

    def needs_of(self, call: str, now_ms: int) -> Needs:
        """What this waiting call needs at this moment of anybody."""
        self._come_to(now_ms)
        spot = self._spots[call]
        return self._stage(spot)[0].needs

    def _for_one_group(self) -> list[Pairing]:
        """What happens most: an agent became free, and nothing else is open."""
        group = self._groups[next(iter(self._new_free))]
        best = self._first_call(group) if group.idle else NOBODY
        if best is NOBODY:
            if group.idle and group.unposted:
                self._post(group)
            self._new_free.clear()
            return []
        if group.idle == 1:
            return [Pairing(best[1], group.only())]
        return self._pairs_put_back()

    def _first_call(self, group: Group) -> Turn:
        """The call whose turn it is for agents of this group."""
        best, head = NOBODY, self._heads.__getitem__
        for gap_ms, numbers in group.near.items():
            first = min(map(head, numbers))
            if first is not NOBODY:
                one = (first[0] + gap_ms, first[1]) if gap_ms else first
                if one < best:
                    best = one
        return best

    def _for_one_kind(self) -> list[Pairing]:
        """And this: a call came, and nothing else is open."""
        kind = self._kinds[next(iter(self._new_calls))]
        best = self._best(kind) if kind.size else None
        if best is None:
            self._new_calls.clear()
            return []
        if kind.size == 1 and kind.strategy is not Strategy.RING_ALL:
            call = self._heads[kind.number][1]
            return [Pairing(call, self._agent(kind, best, call))]
        return self._pairs_put_back()

    def _pairs_put_back(self) -> list[Pairing]:
        pairs = self._pairs()
        for call, agent in pairs:
            self._return(self._seats[agent])
            if self._spots[call].kind is None:
                self._call_in(self._spots[call])
        return pairs

    def _pairs(self) -> list[Pairing]:
        """All pairs of what is open, each taken off the index: the least turn with the gap first, then the id. A call
        that rings all stays for the next agent."""
        open_kinds = set(self._new_calls)
        for number in self._new_free:
            group = self._groups[number]
            if group.idle:
                if group.unposted:
                    self._post(group)
                open_kinds.update(kind for kind in group.kinds if self._heads[kind] is not NOBODY)
        self._new_calls.clear()
        self._new_free.clear()
        bids = [bid for number in open_kinds if (bid := self._bid(self._kinds[number]))]
        heapify(bids)
        pairs: list[Pairing] = []
        while bids:
            told = heappop(bids)
            kind = self._kinds[told[2]]
            bid = self._bid(kind)
            if bid is not None and bid != told:
                heappush(bids, bid)
            elif bid is not None:
                best = self._best(kind)
                assert best is not None, "who bids has somebody free"
                call = bid[1]
                agent = self._agent(kind, best, call)
                pairs.append(Pairing(call, agent))
                self._rise(self._seats[agent])
                if not self._spots[call].plan.rings_all:
                    self._call_out(self._spots[call])
                if after := self._bid(kind):
                    heappush(bids, after)
        return pairs

    def _bid(self, kind: Kind) -> tuple[float, str, int] | None:
        """What the kind's first call can offer; it only gets worse while others are served."""
        best = self._best(kind) if kind.size else None
        if best is None:
            return None
        turn_ms, call = self._heads[kind.number]
        return turn_ms + GAP_MS * best[0], call, kind.number

    def _best(self, kind: Kind) -> Post | None:
        """The best group for this kind, and its first agent."""
        if kind.own:
            seat = self._seats.get(kind.own)
            return (0, 0, 0, kind.own, -1) if seat is not None and seat.free else None
        free = kind.free
        while free:
            post = free[0]
            group = self._groups[post[4]]
            if kind.posted.get(group.number) != post:
                heappop(free)
            elif not group.idle:
                heappop(free)
                del kind.posted[group.number]
            elif (now := kind.entry(group)) == post:
                return post
            else:
                heappop(free)
                kind.posted[group.number] = now
                heappush(free, now)
        return None

    def _agent(self, kind: Kind, best: Post, call: str) -> str:
        if kind.own or kind.strategy is not Strategy.RANDOM:
            return best[3]
        alike = (best[0], best[1])
        groups = [self._groups[number] for number, fit in kind.fits.items() if (fit.gap, fit.levels) == alike]
        place = drawn(call, sum(group.idle for group in groups))
        for group in sorted(groups, key=lambda group: group.text):
            if place < group.idle:
                assert group.names is not None, "its queue draws at random"
                return group.names[place]
            place -= group.idle
        raise AssertionError("drawn beyond the last")

    # --- agents ------------------------------------------------------------------------------------------------------

    def _seated(self, name: str, fields: Fields, before: Seat | None) -> Seat:
        """The agent among those with the same skills and queues."""
        presence = fields.get("presence", "LOGGED_OUT")
        if presence not in PRESENCES:
            raise ValueError(f"agent {name} cannot be {presence}")
        group = self._catalogue.group(fields.get("queues", ""), fields.get("skills", ""))
        ready = presence == "READY" and fields.get("reachable") == "1" and not fields.get("barred")
        seat = before
        if seat is None or seat.group is not group:
            if seat is not None:
                self._rise(seat)
            seat = self._seats[name] = Seat(name, group)
        if seat is not before or seat.ready is not ready:
            seat.ready = ready
            self._restick(name)
        return seat

    def _sit(self, seat: Seat, fields: Fields) -> None:
        group = seat.group
        numbers = [int(fields.get(field) or 0) for field in group.fields]
        if seat.free:
            if numbers == seat.numbers:
                return
            group.leave(seat)
        seat.numbers = numbers
        self._return(seat)

    def _return(self, seat: Seat) -> None:
        seat.group.enter(seat)
        self._new_free.add(seat.group.number)
        own = self._own.get(seat.name) if self._own else None
        if own is not None and own.size:
            self._new_calls.add(own.number)

    def _rise(self, seat: Seat) -> None:
        """Not free any more; a group of which nobody is free need not be looked at."""
        if seat.free:
            group = seat.group
            group.leave(seat)
            if not group.idle:
                self._new_free.discard(group.number)

    def _post(self, group: Group) -> None:
        for kind in group.kinds.values():
            kind.post(group)
        group.unposted = False

    # --- waiting calls -----------------------------------------------------------------------------------------------

    def _spot(self, name: str, fields: Fields) -> Spot:
        wishes = (fields.get("queue", ""), fields.get("require", ""), fields.get("prefer", ""))
        plan = self._catalogue.plans.get(wishes) or self._catalogue.plan(wishes)
        since = int(fields.get("since") or 0)
        priority = int(fields.get("priority") or 0) + plan.priority
        spot = Spot(name, plan, turn(since, priority, plan.target_ms), since, fields.get("sticky", ""))
        self._spots[name] = spot
        if spot.sticky:
            self._sticky.setdefault(spot.sticky, {})[name] = None
        return spot

    def _forget(self, spot: Spot) -> None:
        self._call_out(spot)
        del self._spots[spot.name]
        self._moved.pop(spot.name, None)
        if spot.sticky:
            others = self._sticky[spot.sticky]
            del others[spot.name]
            if not others:
                del self._sticky[spot.sticky]

    def _call_in(self, spot: Spot) -> None:
        kind, until_ms = self._where(spot)
        spot.kind = kind
        kind.size += 1
        entry = (spot.turn, spot.name)
        heappush(kind.calls, entry)
        if entry < self._heads[kind.number]:
            self._heads[kind.number] = entry
        elif len(kind.calls) > SLACK + 2 * kind.size:
            kind.calls[:] = {one for one in kind.calls if self._stands(one, kind)}
            heapify(kind.calls)
        self._new_calls.add(kind.number)
        if until_ms and until_ms != spot.alarm:
            spot.alarm = until_ms
            heappush(self._alarms, (until_ms, spot.name))

    def _call_out(self, spot: Spot) -> None:
        kind = spot.kind
        if kind is None:
            return
        spot.kind = None
        kind.size -= 1
        if not kind.size:
            self._new_calls.discard(kind.number)
        if self._heads[kind.number][1] == spot.name:
            calls, spots = kind.calls, self._spots
            while calls:
                turn_ms, name = calls[0]
                first = spots.get(name)
                if first is not None and first.kind is kind and first.turn == turn_ms:
                    break
                heappop(calls)
            self._heads[kind.number] = calls[0] if calls else NOBODY

    def _stands(self, entry: Turn, kind: Kind) -> bool:
        spot = self._spots.get(entry[1])
        return spot is not None and spot.kind is kind and spot.turn == entry[0]

    def _where(self, spot: Spot) -> tuple[Kind, int]:
        """The kind in which a call stands now, and until when (0: for ever)."""
        plan = spot.plan
        if not spot.sticky and len(plan.stages) == 1:
            return plan.stages[0][1], 0
        if spot.sticky:
            until_ms = spot.since + spot.plan.sticky_ms
            if self._now >= until_ms:
                self._moved[spot.name] = None
            elif self._may_wait_for(spot):
                return self._own_kind(spot), until_ms
        return self._stage(spot)

    def _stage(self, spot: Spot) -> tuple[Kind, int]:
        here = spot.plan.stages[0][1]
        for after_ms, kind in spot.plan.stages[1:]:
            if self._now < spot.since + after_ms:
                return here, spot.since + after_ms
            here = kind
            self._moved[spot.name] = None
        return here, 0

    def _may_wait_for(self, spot: Spot) -> bool:
        """The agent who helped last is at work, in this queue, and able."""
        seat = self._seats.get(spot.sticky)
        return seat is not None and seat.ready and seat.group.number in spot.plan.stages[0][1].fits

    def _own_kind(self, spot: Spot) -> Kind:
        own = self._own.get(spot.sticky)
        if own is None:
            own = self._own[spot.sticky] = self._catalogue.new_kind("", Needs(), Strategy.LONGEST_IDLE, own=spot.sticky)
        return own

    def _restick(self, agent: str) -> None:
        """Whether callers may wait for this agent has changed."""
        for name in list(self._sticky.get(agent, ())):
            self._place_again(self._spots[name])

    def _place_again(self, spot: Spot) -> None:
        if spot.kind is not None and self._where(spot)[0] is not spot.kind:
            self._call_out(spot)
            self._call_in(spot)

    # --- time --------------------------------------------------------------------------------------------------------

    def _come_to(self, now_ms: int) -> None:
        """To another moment. Back, too: a clock may be set, and a past moment may be asked for."""
        self.build()
        if now_ms == self._now:
            return
        before, self._now = self._now, now_ms
        if now_ms < before:
            for name in list(self._moved):
                del self._moved[name]
                self._place_again(self._spots[name])
        while self._alarms and self._alarms[0][0] <= now_ms:
            at_ms, name = heappop(self._alarms)
            spot = self._spots.get(name)
            if spot is not None and spot.alarm == at_ms:
                spot.alarm = 0
                self._place_again(spot)
