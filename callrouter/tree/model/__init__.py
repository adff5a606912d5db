"""A tree as its writer sees it (`TreeFile`, YAML) and as a call walks it (`Tree`). Nodes say what; nodes/ says how."""

from callrouter.tree.model.asking import Branch, Callback, Collect, Menu, Message, Notice, Say
from callrouter.tree.model.choosing import Caller, CallerBranch, Case, Goto, Hours, Set, Share, Split, Subtree, When
from callrouter.tree.model.leaving import Hangup, Queue, Transfer
from callrouter.tree.model.lookup import Answer, Lookup
from callrouter.tree.model.prompt import Piece, Prompt, Reading, Recorded, Value, Wording, pieces_of, prompt_of
from callrouter.tree.model.tree import Node, Tree, TreeFile, prompts, targets, wordings

__all__ = [
    "Answer",
    "Branch",
    "Callback",
    "Caller",
    "CallerBranch",
    "Case",
    "Collect",
    "Goto",
    "Hangup",
    "Hours",
    "Lookup",
    "Menu",
    "Message",
    "Node",
    "Notice",
    "Piece",
    "Prompt",
    "Queue",
    "Reading",
    "Recorded",
    "Say",
    "Set",
    "Share",
    "Split",
    "Subtree",
    "Transfer",
    "Tree",
    "TreeFile",
    "Value",
    "When",
    "Wording",
    "pieces_of",
    "prompt_of",
    "prompts",
    "targets",
    "wordings",
]
