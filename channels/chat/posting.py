"""Bringing a chat to what the journal says, from whatever was posted before.

Nothing is remembered but in the journal: a process that dies between any two steps is followed by
one that compares again. A message that may have been posted is looked for before it is posted.
"""

import logging
import time

from channels.chat.service import ChatService, MessageRefused
from channels.chat.thread import Entry, head_key, head_of, replies_of
from channels.networks import network_time_s
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from tools.journal.records import ChatPost, IncidentRecord
from tools.journal.standing import standing
from twin.nouns.base import content_hash

HEAD_EVERY_S = 5.0
"""Wall seconds between two updates of the first message of a thread, whose facts change often."""

_log = logging.getLogger(__name__)


class Posting:
    """Posts and updates messages about the incidents of one state directory, in one chat."""

    def __init__(self, state: StateDirectory, journal: Journal, service: ChatService) -> None:
        self._state, self._journal, self._service = state, journal, service
        self._done = dict[str, int]()
        self._newest, self._open = -1, True
        self._updated = dict[str, float]()
        self._refused = set[tuple[str, str]]()

    def catch_up(self) -> None:
        """Post what is not there yet, and update what is not so any more.

        Raises:
            ChatUnavailable: the chat does not answer; what is missing is posted by the next call.
        """
        newest = self._journal.last_event_seq()
        if newest == self._newest and not self._open:
            return
        told = set(self._journal.told_in_chat(self._service.name))
        self._open = False
        for record in self._journal.incidents():
            self._catch_up(record, record.incident.id in told)
        self._newest = newest

    def _catch_up(self, record: IncidentRecord, is_told: bool) -> None:
        incident_id, network = record.incident.id, record.incident.network
        place = self._service.place_of(network)
        last = self._journal.last_event_seq(incident_id)
        if not place or self._done.get(incident_id) == last:
            return
        ended = standing(self._journal, record).ended_s is not None
        if ended and not is_told:
            self._done[incident_id] = last
            return
        now_s = network_time_s(self._state, self._journal, network)
        if self._is_shown(record, place, now_s) and ended:
            self._done[incident_id] = last
        else:
            self._open = True

    def _is_shown(self, record: IncidentRecord, place: str, now_s: float) -> bool:
        """Show all there is to say of an incident; False where something was put off."""
        incident_id, service = record.incident.id, self._service.name
        posts = self._journal.chat_posts(service, incident_id)
        shown = self._show(posts, place, "", head_of(self._journal, record, now_s), incident_id)
        head = self._journal.chat_post(service, head_key(incident_id))
        if head is None or not head.message_id:
            return False
        for entry in replies_of(self._journal, incident_id, now_s):
            shown &= self._show(posts, head.place, head.message_id, entry, incident_id)
        return shown

    def _show(
        self,
        posts: dict[str, ChatPost],
        place: str,
        thread: str,
        entry: Entry,
        incident_id: str,
    ) -> bool:
        post, content = posts.get(entry.key), (entry.key, content_hash(entry.message))
        if content in self._refused:
            return True
        try:
            if post is None or not post.message_id:
                self.post(place, thread, entry, incident_id)
                return True
            return entry.lasting or self._update(post, entry)
        except MessageRefused as error:
            # A message that the chat never takes must not keep the others back.
            _log.warning("%s is not shown: %s", entry.key, error)
            self._refused.add(content)
            return True

    def post(self, place: str, thread: str, entry: Entry, incident_id: str) -> str:
        """Post an entry, unless it is there already; how the chat calls it.

        Raises:
            ChatUnavailable: it is not known whether it is there.
            MessageRefused: the chat takes no such message.
        """
        service, journal = self._service, self._journal
        shown = content_hash(entry.message)
        known = journal.chat_post(service.name, entry.key)
        if known is not None and known.message_id:
            return known.message_id
        if known is None:
            post = ChatPost(
                service=service.name,
                key=entry.key,
                incident_id=incident_id,
                place=place,
                begun_wall_s=time.time(),
            )
            journal.begin_post(post)
            found = ""
        else:
            found = service.find(known.place, thread, entry.key, known.begun_wall_s)
        if found:
            # What it shows is not known, so that it is updated with the next look.
            journal.note_post(service.name, entry.key, found, shown if entry.lasting else "")
            return found
        message_id = service.post(place, thread, entry.key, entry.message)
        journal.note_post(service.name, entry.key, message_id, shown)
        return message_id

    def _update(self, post: ChatPost, entry: Entry) -> bool:
        shown = content_hash(entry.message)
        if post.shown == shown:
            return True
        last_s = self._updated.get(post.key, -HEAD_EVERY_S)
        is_head = post.key == head_key(post.incident_id)
        if is_head and time.monotonic() - last_s < HEAD_EVERY_S:
            return False
        self._service.update(post.place, post.message_id, post.key, entry.message)
        self._updated[post.key] = time.monotonic()
        self._journal.note_post(post.service, post.key, post.message_id, shown)
        return True
