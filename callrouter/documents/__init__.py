"""Documents that people write (configuration, trees, stories): strict YAML, every problem at once with its place.

document = read(Path("config/queues.yaml"))
queues = document.validate(Queues)            # ConfigError with all problems, each with line and what to do
document.problem(("queues", "payers"), "…")   # a cross-check's own problem, at the right line
"""

from callrouter.documents.document import Document, merge, parse, read
from callrouter.documents.plain_words import close_to
from callrouter.documents.schema import schema_text
from callrouter.documents.strict_yaml import KeyPath, Place, Value, dotted

__all__ = ["Document", "KeyPath", "Place", "Value", "close_to", "dotted", "merge", "parse", "read", "schema_text"]
