"""The room where people are: what a chat shows of an incident, and what people do there."""
