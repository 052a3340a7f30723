"""What a call made is undone when nobody takes the answer about it."""

from tfplugin.rpc.answers import Answers


class Context:
    """gRPC's, of a call whose client may be gone."""

    def __init__(self, *, active: bool) -> None:
        self._active = active

    def is_active(self) -> bool:
        return self._active


def fail() -> None:
    raise ValueError("it can't be undone")


class Made:
    """Answers about things with names, and what was undone of them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.undone: list[str] = []
        self.answers = Answers(lambda: self.now)

    def give(self, name: str, *, active: bool = True) -> None:
        self.answers.give(Context(active=active), lambda: self.undone.append(name))


def test_what_a_client_takes_stays() -> None:
    made = Made()
    made.give("a")
    made.answers.give(None, lambda: made.undone.append("b"))
    made.answers.desert(unseen=False)
    assert made.undone == []


def test_an_answer_whose_client_is_gone_is_undone() -> None:
    made = Made()
    made.give("a", active=False)
    assert made.undone == ["a"]


def test_what_is_made_after_the_end_is_undone() -> None:
    made = Made()
    made.answers.desert(unseen=False)
    made.give("a")
    assert made.undone == ["a"]


def test_what_was_answered_while_terraform_may_have_been_dead_is_undone() -> None:
    made = Made()
    made.give("taken")
    made.now += 0.7
    made.give("lost")
    made.now += 0.4
    made.answers.desert(unseen=True)
    assert made.undone == ["lost"]


def test_what_was_answered_long_before_the_end_stays() -> None:
    made = Made()
    made.give("taken")
    made.now += 0.7
    made.answers.desert(unseen=True)
    assert made.undone == []


def test_the_rest_is_undone_when_one_thing_can_not_be() -> None:
    made = Made()
    made.answers.give(None, fail)
    made.give("b")
    made.answers.desert(unseen=True)
    assert made.undone == ["b"]
