"""Proofs against the definitions of RFC 9162: every proof holds, and none holds for anything else."""

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.merkle import leaf_hash, root_of
from services.ledger.domain.proofs import consistency_proof, continues, includes, inclusion_proof

logs = st.lists(st.binary(max_size=4), min_size=1, max_size=70).map(lambda data: [leaf_hash(one) for one in data])


def root(leaves: list[bytes]) -> bytes:
    return bytes.fromhex(root_of(leaves)[1])


@given(logs, st.data())
def test_an_entry_is_proved_to_be_in_its_place(leaves: list[bytes], draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(index, leaves)
    assert len(proof) <= max(len(leaves) - 1, 0).bit_length()
    assert includes(leaves[index], index, len(leaves), proof, root(leaves))
    assert not includes(leaf_hash(b"another entry"), index, len(leaves), proof, root(leaves))
    assert not includes(leaves[index], index, len(leaves), [*proof, leaves[0]], root(leaves))
    assert not includes(leaves[index], len(leaves), len(leaves), proof, root(leaves))
    for shorter in range(len(proof)):
        assert not includes(leaves[index], index, len(leaves), proof[:shorter], root(leaves))


@given(logs, st.data())
def test_a_log_is_proved_to_continue_every_earlier_one(leaves: list[bytes], draw: st.DataObject) -> None:
    first = draw.draw(st.integers(1, len(leaves)))
    proof = consistency_proof(first, leaves)
    assert continues(first, len(leaves), root(leaves[:first]), root(leaves), proof)
    assert not continues(first, len(leaves), leaf_hash(b"another log"), root(leaves), proof)
    assert not continues(first, len(leaves), root(leaves[:first]), leaf_hash(b"another log"), proof)
    assert not continues(first, len(leaves), root(leaves[:first]), root(leaves), [*proof, leaves[0]])


@given(logs, st.data())
def test_a_log_that_was_changed_continues_nothing(leaves: list[bytes], draw: st.DataObject) -> None:
    first = draw.draw(st.integers(1, len(leaves)))
    at = draw.draw(st.integers(0, first - 1))
    changed = [*leaves[:at], leaf_hash(b"changed"), *leaves[at + 1 :]]
    proof = consistency_proof(first, changed)
    assert not continues(first, len(leaves), root(leaves[:first]), root(changed), proof)
