"""Trees and walks for tests, said shortly."""

from collections.abc import Iterable
from datetime import UTC, datetime

from callrouter.tree import walk
from callrouter.tree.facts import Facts
from callrouter.tree.load import load_tree
from callrouter.tree.model import Tree
from callrouter.tree.walk import Began, Input, KeyPressed, Output, PromptHeard, TimeUp, Walk, step

HEAD = "schema: 1\nlanguages: [en]\nstart: top\nnodes:\n"
TOP = """\
  top:
    type: menu
    prompt: {en: Choose}
    options: {"1": shop, "12": bye, "2": more}
    next_digit_s: 2
    repeat_key: "0"
    back_key: "*"
    tries: 3
    invalid: {prompt: {en: No such key}, then: shop}
    no_input: {prompt: {en: Are you there}, then: bye}
"""
MORE = """\
  more:
    type: menu
    barge_in: false
    prompt: {en: More}
    options: {"5": hello}
    back_key: "*"
    tries: 2
    invalid: {then: shop}
    no_input: {then: shop}
"""
REST = """\
  hello: {type: say, prompt: {en: Hello}, next: top}
  shop: {type: queue, queue: shop, priority: 4}
  bye: {type: hangup, prompt: {en: Bye}}
"""
SMALL = HEAD + TOP + MORE + REST


FACTS = Facts(datetime(2026, 3, 2, 12, tzinfo=UTC), caller="+79161112233", called="+74951234567", call="c0")
"""A Monday at noon."""


def tree(text: str = SMALL, file: str = "small.yaml") -> Tree:
    return load_tree(text, file)


def said(text: str) -> list[Input]:
    """`. 1 - ` reads: the prompt is heard, key 1, silence; one sign an input."""
    words: dict[str, Input] = {".": PromptHeard(), "-": TimeUp(), "!": Began()}
    return [words.get(sign) or KeyPressed(sign) for sign in text.replace(" ", "")]


def walk_through(tree: Tree, inputs: Iterable[Input], facts: Facts = FACTS) -> tuple[Walk, list[Output]]:
    """From the beginning through all inputs; every output in order."""
    here, first = step(tree, None, Began(), facts)
    outputs = list(first)
    for given in inputs:
        here, more = step(tree, here, given, facts)
        outputs += more
    return here, outputs


def brief(outputs: Iterable[Output]) -> str:
    """`top speak(small.top) timer(6)`: outputs in one line."""
    return " ".join(_word(output) for output in outputs)


def _word(output: Output) -> str:
    match output:
        case walk.Entered(node=node, by=by):
            return f"{node}<{by}" if by else node
        case walk.Speak(prompts=prompts):
            return f"speak({'+'.join(prompt.key.partition('.')[2] for prompt in prompts)})"
        case walk.StartTimer(seconds=seconds):
            return f"timer({seconds:g})"
        case walk.SetLanguage(language=language):
            return f"language({language})"
        case walk.JoinQueue(queue=queue, priority=priority):
            return f"queue({queue},{priority})"
        case walk.Refused(queue=queue, why=why):
            return f"refused({queue},{why})"
        case walk.Leave(reason=reason):
            return f"leave({reason})"
        case walk.Hush():
            return "hush"
        case walk.StopTimer():
            return "stop"
        case walk.Answered(variable=variable, value=value, secret=secret):
            return f"{variable}={'secret' if secret else value}"
        case walk.Tagged(tags=tags):
            return f"tags({','.join(tags)})"
        case walk.Consented(version=version, whole=whole):
            return f"consent({version}{'' if whole else ', not whole'})"
        case walk.KeepSecret(variable=variable, digits=digits):
            return f"keep({variable},{len(digits)})"
        case walk.LookUp(values=values, secrets=secrets):
            return f"lookup({','.join([*map(str, values.values()), *secrets])})"
        case walk.TakeMessage(group=group):
            return f"message({group})"
        case walk.NoteCallback(number=number, queue=queue):
            return f"callback({number},{queue})"
        case walk.PutThrough(target=target):
            return f"transfer({target})"
