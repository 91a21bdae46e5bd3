"""One lenient reading of what a model's server sends, before it is a bad reply.

Servers, gateways and their parsers of calls return one and the same answer in many forms. Forms are
forgiven here, content is not: nothing is added, completed or chosen from, and names and values are
validated afterwards as ever. What may be half of something is not read at all.

wire.py       the body: one chat completion, whatever carried it
text.py       calls that were left in the text
arguments.py  the object that a call's arguments are
fitting.py    arguments as the function's schema has them
reading.py    all of this for one message

Whatever was forgiven has a name (`forms`), which `noctua doctor` tells.
"""
