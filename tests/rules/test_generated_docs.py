"""Generated documents are what their scripts generate from the code (``make docs`` writes them)."""

from scripts import matrix, protocol_vectors, states


def test_state_diagrams_are_drawn_from_the_tables() -> None:
    assert states.TARGET.read_text(encoding="utf-8") == states.page()


def test_the_protocols_vectors_are_written_by_their_script() -> None:
    assert protocol_vectors.TARGET.read_text(encoding="utf-8") == protocol_vectors.page()


def test_the_matrix_of_routes_and_roles_is_that_of_the_guards() -> None:
    assert matrix.TARGET.read_text(encoding="utf-8") == matrix.page()


def test_a_diagram_begins_and_ends() -> None:
    drawn = states.diagram([("open", "planned", "plan"), ("planned", "closed", "")])
    assert drawn.splitlines()[2:-1] == [
        "    [*] --> open",
        "    open --> planned: plan",
        "    planned --> closed",
        "    closed --> [*]",
    ]
