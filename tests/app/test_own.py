"""A centre of one's own for a rehearsal: nothing of it reaches anybody real."""

from pathlib import Path

from callrouter.app.own import moved
from callrouter.config import Config, Outwards, Registration, Secret, Trunk

OUT = Outwards(caller_id="+74951234567", allowed_prefixes=("+7",), address="sip.carrier.example")
CARRIER = Registration(server="sip.carrier.example", username="x", password=Secret(env="X"))


def test_calls_out_of_a_rehearsal_go_to_the_simulated_parties_and_never_to_a_carrier() -> None:
    trunks = {
        "known": Trunk(addresses=("127.0.0.2",), out=OUT),
        "registered": Trunk(register=CARRIER, out=OUT),
        "deaf": Trunk(addresses=("127.0.0.4",)),
        "elsewhere": Trunk(addresses=("203.0.113.0/24",), out=OUT),
    }
    found = moved(Config(trunks=trunks), Path("/nowhere")).trunks
    known, registered = found["known"].out, found["registered"].out
    assert known is not None
    assert registered is not None
    assert (known.address, registered.address) == ("127.0.0.2", "127.0.0.21")
    assert found["registered"].register_with is None
    assert found["elsewhere"].addresses == ("127.0.0.23",)
    assert known.port != 5060
    assert found["deaf"].out is None
