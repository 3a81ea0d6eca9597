// Made by scripts/generated from assistant/events/; do not edit.

/** Change the session in one step: all of it, or, with an error, nothing. */
export interface SessionUpdate {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "session.update";
  session: SessionConfig;
}

/** Audio: base64 of PCM16 little-endian mono at the session's rate. Needs no set-up event. A binary WebSocket frame of the same PCM16 is the same event without the base64. */
export interface InputAudioAppend {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "input_audio_buffer.append";
  audio: string;
}

/** The sound that follows begins with this sample of the microphone, counted from 0 at the session's rate. A client that sends it at the beginning of each connection, and keeps what it sent until ``assistant.audio.received`` covers it, loses no sound when a connection breaks: after a resume it goes on from ``audio_sample`` of ``session.created``. What came already is not heard twice; samples left out are told as a gap, with their length. Clients that never send it work as before. A new rate has a new count. It also begins the sound of a client that leaves WebRTC for the WebSocket. Its count goes on while WebRTC has the sound: so a server that stood still or was started anew meanwhile tells how much it has not heard. */
export interface AudioAt {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.audio.at";
  sample: number;
  /** Age of that sample, where sound was kept. */
  age_ms?: number;
}

/** The sound over the WebSocket ends here: what is said from now on comes over WebRTC. Sound of both is heard in this order, whichever comes first. Without this event WebRTC's waits until the WebSocket has brought nothing for two seconds. Sound that comes over the WebSocket after that is not heard, and told as a gap with its length. */
export interface AudioEnd {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.audio.end";
}

/** End the running utterance now, without waiting for silence. */
export interface InputAudioCommit {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "input_audio_buffer.commit";
}

/** Discard the current utterance. */
export interface InputAudioClear {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "input_audio_buffer.clear";
}

/** Text is the next question (asked by ``response.create``); images are attached to the session. */
export interface ConversationItemCreate {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "conversation.item.create";
  item: UserMessage;
  /** Only the last item's: items stand in order of time. */
  previous_item_id?: string | null;
}

/** ``conversation.item.retrieved`` has the item once more. */
export interface ConversationItemRetrieve {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "conversation.item.retrieve";
  item_id: string;
}

/** Later questions are asked without the item. What it wrote in the report stays there. */
export interface ConversationItemDelete {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "conversation.item.delete";
  item_id: string;
}

/** Always refused (``item_has_no_audio``): answers are text. */
export interface ConversationItemTruncate {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "conversation.item.truncate";
  item_id: string;
  content_index?: number;
  audio_end_ms?: number;
}

/** There is no sound to clear: done at once. */
export interface OutputAudioClear {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "output_audio_buffer.clear";
}

/** Answer the items created since the last answer. A running answer is stopped first. */
export interface ResponseCreate {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "response.create";
  response?: ResponseConfig | null;
}

/** Stop the answer ``response_id``, or without an id the running one. */
export interface ResponseCancel {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "response.cancel";
  response_id?: string | null;
}

/** Offer a microphone over WebRTC. A second offer replaces the first connection. */
export interface WebRtcOffer {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.webrtc.offer";
  sdp: string;
}

/** The microphone was turned off: end the current utterance and close the connection. */
export interface WebRtcClose {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.webrtc.close";
}

/** The intent of finals: ``auto`` lets the assistant decide, the others force one. */
export interface ModeSet {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.mode.set";
  mode: "auto" | "dictation" | "question";
}

/** Sleep or wake. While asleep, nothing said is kept or sent except the wake command. */
export interface AttentionSet {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.attention.set";
  asleep: boolean;
}

/** The sentence that the client is reading aloud, so that its echo is not taken for dictation. Sent with the text when a sentence begins, and without text when reading ends. */
export interface SpeechState {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.speech.state";
  text?: string | null;
}

/** Correct the intent of an utterance: make it dictation, or ask it. */
export interface IntentCorrect {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.intent.correct";
  item_id: string;
  /** “command” carries out what the utterance ``nearly`` was. */
  intent: "dictation" | "question" | "command";
}

/** Replace the text of a dictated item. Empty text removes the item. */
export interface ItemEdit {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.item.edit";
  item_id: string;
  text: string;
}

/** A hand edit: ``[start, end)`` of a section's text, as it was at ``revision``, becomes ``text``. Changes made in the meantime are kept: the edit moves with its place. Its ``event_id`` comes back in ``applied`` of the next ``assistant.document.changed``; or in an ``error``: ``edit_conflict`` (that very place has changed), ``edit_too_old``, ``section_unknown``, ``range_invalid``; nothing changed then. */
export interface DocumentEdit {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.document.edit";
  revision: number;
  section_id: string;
  /** In code points, like all offsets. */
  start: number;
  end: number;
  text: string;
}

/** A button's command on the report. ``go_to`` takes ``section_id``; ``place_cursor`` takes ``section_id``, ``offset`` and ``revision``, for a selection also its ``end``, in the section ``end_section_id`` if that is another. Its ``event_id`` comes back in ``applied``, with the place that was taken: fields, and marks of lost sound, are selected whole; ``new_report`` takes a template's ``name`` (none: a blank report); a report that has words, or is signed, stays in the list, and another begins in a new session (see ``session.created``), which is refused where nothing is kept (``nothing_kept``); ``insert_template`` adds the sections of a template that the report does not have; ``insert_macro`` takes a macro's name; ``insert_text`` takes ``text``, its ``origin`` and, for the end of a section instead of the cursor, the section's title as ``name``; ``choose`` fills the field at ``offset``, or replaces the words there for which it was offered, with ``text``; ``confirm`` takes the doubt off the text at ``offset``, or accepts the text of an answer there, and puts ``text`` in its place if there is one; confirmed without a text, the mark of a gap is accepted and leaves the report. */
export interface DocumentCommand {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.document.command";
  command: "undo" | "redo" | "go_to" | "place_cursor" | "next_field" | "previous_field" | "new_report" | "insert_template" | "insert_macro" | "insert_text" | "choose" | "confirm";
  section_id?: string | null;
  offset?: number | null;
  end?: number | null;
  end_section_id?: string | null;
  revision?: number | null;
  name?: string | null;
  text?: string | null;
  origin?: "voice" | "typed" | "template" | "macro" | "answer" | "gap";
}

/** Write down whose report it is, and the order. Both are replaced as a whole. */
export interface ReportDescribe {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.report.describe";
  patient: Patient;
  order: Order;
}

/** Sign the report as it is at ``revision``; from then on nothing changes it. Errors: ``report_changed`` (it has another revision), ``report_unchecked`` (the checks have something to look at, and ``checked`` is not said), ``report_empty``, ``report_signed``, ``addendum_changes_report``, ``signer_is_user``, ``name_missing``, ``right_missing``. */
export interface ReportSign {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.report.sign";
  revision: number;
  /** Of the person who signs, where the server has no users; elsewhere the user signs, and a name that is another is refused. */
  name?: string;
  /** The person has looked at what the checks have found. */
  checked?: boolean;
}

/** Open a signed report for an addendum or an amendment. What was signed stays. Error: ``report_not_signed``. */
export interface ReportAmend {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.report.amend";
  kind: "addendum" | "amendment";
  reason?: string;
}

/** Remove an attached image; later questions are asked without it. */
export interface AttachmentRemove {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.attachment.remove";
  attachment_id: string;
}

/** The image open on the page: questions that name no other image are about this one. */
export interface AttachmentLook {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.attachment.look";
  /** None when nothing is open any more. */
  attachment_id?: string | null;
}

/** The attachment is of the report's patient, whoever its file names: questions are asked with it. */
export interface AttachmentConfirm {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.attachment.confirm";
  attachment_id: string;
}

/** Score labels for an image. Needs an image matcher (``session.image_matcher``). */
export interface LabelsScore {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.labels.score";
  attachment_id: string;
  /** Number of its picture, as in /slice?i=. */
  index?: number;
  labels: string[];
}

/** Rank the other attachments by their most similar picture. */
export interface SimilarFind {
  /** Echoed in an error about this event. */
  event_id?: string | null;
  type: "assistant.similar.find";
  attachment_id: string;
  /** Number of its picture, as in /slice?i=. */
  index?: number;
}

/** The first event of a connection. ``resumed`` says whether the events that follow continue a session. It comes again on the same connection when another report was begun ("new report"): the session with the id ``previous`` has ended, and its report stays in the list as it was. What was said after these words, and what the client sends from now on, belongs to the new session, which has its own id and token. The settings and the numbers of utterances, typed items and answers go on; `seq` begins anew. */
export interface SessionCreated {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "session.created";
  session: SessionState;
  previous?: string | null;
  resumed: boolean;
  /** The first sample that is not with the session yet; none where samples had no number. */
  audio_sample?: number | null;
  /** Events up to this `seq` are sent again: they are shown, and nothing is done for them. */
  replayed_to: number;
}

export interface SessionUpdated {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "session.updated";
  session: SessionState;
}

/** A request failed; the session continues. */
export interface ErrorEvent {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "error";
  error: ErrorBody;
}

export interface SpeechStartedEvent {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "input_audio_buffer.speech_started";
  audio_start_ms: number;
  item_id: string;
}

export interface SpeechStoppedEvent {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "input_audio_buffer.speech_stopped";
  audio_end_ms: number;
  item_id: string;
}

export interface BufferCommitted {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "input_audio_buffer.committed";
  item_id: string;
  previous_item_id?: string | null;
}

/** The current utterance was discarded; ``item_id`` gets no final. */
export interface BufferCleared {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "input_audio_buffer.cleared";
  item_id?: string | null;
}

/** Stable text to append to the item; nothing is taken back. */
export interface TranscriptDelta {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.input_audio_transcription.delta";
  item_id: string;
  content_index: number;
  delta: string;
}

/** The final text of an utterance. It overrides all deltas; empty means that nothing was said. */
export interface TranscriptCompleted {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.input_audio_transcription.completed";
  item_id: string;
  content_index: number;
  transcript: string;
  usage: DurationUsage;
  /** On the session's sample clock. */
  start_ms: number;
  end_ms: number;
  /** Given if the session includes them. */
  logprobs?: LogProbability[] | null;
  /** Wall-clock time of the final, ISO 8601 with offset. */
  at: string;
  /** If two recognisers heard it: the text of the one that was not chosen. */
  also_heard?: AlsoHeard | null;
}

export interface TranscriptFailed {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.input_audio_transcription.failed";
  item_id: string;
  content_index: number;
  error: ErrorBody;
}

/** The whole live line. ``stable`` is never retracted before the final; ``tentative`` may change. */
export interface TranscriptPartial {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.transcript.partial";
  item_id: string;
  stable: string;
  tentative: string;
  /** The live line in written form, as far as it is settled: it only grows. */
  written: string;
  /** The rest of it, which may change. */
  written_tail: string;
}

/** Words of a final, where the recogniser has word times. */
export interface TranscriptWords {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.transcript.words";
  item_id: string;
  words: WordTime[];
}

/** The intent of an utterance. A later event for the same item replaces it (a correction). */
export interface IntentEvent {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.intent";
  item_id: string;
  intent: "dictation" | "question" | "command";
  confidence: number;
  reason: string;
  /** The words as they go into the dictation (in written form) or the question. The completed event has them as heard. */
  text: string;
  corrected: boolean;
  /** Dictation that may have been asked: offer to ask it. */
  doubtful: boolean;
  /** The utterance whose end this is, where one held dictation and then a question. */
  part_of?: string | null;
  /** For a command: its name. */
  command?: "stop" | "undo" | "redo" | "scratch" | "delete" | "next" | "previous" | "go_to" | "sleep" | "wake" | "pause" | "resume" | "new_report" | "insert" | "insert_at" | "select" | "replace" | "correct" | "format" | "new" | "read_back" | "help" | "copy" | "print" | "save" | "sign" | "close" | "cut" | "paste" | "emphasis" | "accept" | "choose" | "spell" | "was_dictation" | "was_question" | null;
  /** For dictation: the command it came close to. A correction to “command” does it. */
  nearly?: string | null;
}

/** The session fell asleep or woke, by voice or button. */
export interface AttentionChanged {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.attention.changed";
  asleep: boolean;
  by: "voice" | "hand";
}

/** An utterance was only an echo of the text being read aloud. ``assistant.intent.correct`` restores it. */
export interface EchoLeftOut {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.echo.left_out";
  item_id: string;
  text: string;
}

/** Someone said "stop" while text was being read aloud. */
export interface SpeechStop {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.speech.stop";
}

/** A dictated item now has this text. */
export interface ItemEdited {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.item.edited";
  item_id: string;
  text: string;
}

/** The whole report. Only the newest of these events is kept for a resuming client, and what patches it. A short report comes whole with every change; a longer one now and then, and in between as ``assistant.document.patched``. */
export interface DocumentChanged {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.document.changed";
  /** Rises with every change, undo included. */
  revision: number;
  sections: SectionPart[];
  /** Place of the next words. */
  cursor: PositionPart;
  /** Range that the next words replace. */
  selected?: RangePart | null;
  /** The rest of a selection that goes over several sections, in their order. */
  also_selected: RangePart[];
  template?: string | null;
  can_undo: boolean;
  can_redo: boolean;
  /** The event ids of the latest hand edits, and cursors put by hand, that are in it. */
  applied: string[];
  /** Words heard with less than the session's mark_below; none where nothing is known. */
  doubtful: WordPlace[];
}

/** The changes of the report since ``base``, the revision of the event before. The template, the sections and their titles are as they were. */
export interface DocumentPatched {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.document.patched";
  base: number;
  revision: number;
  /** At most one for each section. */
  sections: SectionPatch[];
  cursor: PositionPart;
  selected?: RangePart | null;
  also_selected: RangePart[];
  can_undo: boolean;
  can_redo: boolean;
  /** The event ids of the hand edits that came in with it. */
  applied: string[];
  /** Doubtful words that are none any more, at their new places. A doubtful word behind a changed text moves with it, and one that touches it is gone. */
  sure: WordPlace[];
  /** Doubtful words that are new. */
  doubtful: WordPlace[];
}

/** The report's patient and order are these now. */
export interface ReportDescribed {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.report.described";
  patient: Patient;
  order: Order;
}

/** The report was signed. ``sha256`` is that of the JSON that docs/protocol.md describes. */
export interface ReportSigned {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.report.signed";
  /** 1, and one more for each addendum or amendment. */
  number: number;
  kind: "report" | "addendum" | "amendment";
  name: string;
  /** Id of the user who signed; empty where the name was typed, so that nobody verified it. */
  signer: string;
  /** ISO 8601, with the offset from UTC. */
  at: string;
  revision: number;
  sha256: string;
  /** Codes of what the checks had found. */
  checks: string[];
}

/** A signed report is open for an addendum or an amendment. */
export interface ReportReopened {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.report.reopened";
  kind: "addendum" | "amendment";
  reason: string;
  at: string;
}

/** A command was carried out, or could not be (``failed``). The client carries out ``read_back`` and ``copy``, with ``text``, and ``print``, ``save`` and ``help``. Undo, spoken or as a client event, reverses its effect on the report. */
export interface CommandDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.command.done";
  /** The utterance; none for a button. */
  item_id?: string | null;
  command: "stop" | "undo" | "redo" | "scratch" | "delete" | "next" | "previous" | "go_to" | "sleep" | "wake" | "pause" | "resume" | "new_report" | "insert" | "insert_at" | "select" | "replace" | "correct" | "format" | "new" | "read_back" | "help" | "copy" | "print" | "save" | "sign" | "close" | "cut" | "paste" | "emphasis" | "accept" | "choose" | "spell" | "undo" | "redo" | "go_to" | "place_cursor" | "next_field" | "previous_field" | "new_report" | "insert_template" | "insert_macro" | "insert_text" | "choose" | "confirm";
  /** The result, in words for people. */
  message: string;
  text: string;
  /** Alternatives to the selection, chosen by number or a click. */
  choices: string[];
  /** The selection that the choices replace. */
  choices_for?: RangePart | null;
  failed: boolean;
  /** It changed what the report says, which undo takes back. */
  changed: boolean;
}

/** The templates, macros and words that can be spoken or inserted; sent again when their files change. */
export interface LibraryRead {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.library";
  templates: string[];
  macros: string[];
  commands: CommandHelp[];
  /** Faults of files, in words for people. */
  problems: string[];
}

/** A word that a person wrote over a spoken one, and that is in no list: it may be kept as an own word. Each word comes once. ``sounds_like``: what was heard instead, where that may be exchanged for it. */
export interface WordOffered {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.word.offered";
  word: string;
  sounds_like: string[];
}

/** Something was said or typed, or an answer began. */
export interface ItemAdded {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.added";
  item: ConversationItem;
  previous_item_id?: string | null;
}

/** The item is whole. */
export interface ItemDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.done";
  item: ConversationItem;
  previous_item_id?: string | null;
}

export interface ItemRetrieved {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.retrieved";
  item: ConversationItem;
}

export interface ItemDeleted {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "conversation.item.deleted";
  item_id: string;
}

/** An image is attached: every question from now on is asked with it, unless ``assistant.attachment.doubted`` says otherwise. */
export interface AttachmentAdded {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.attachment.added";
  attachment: Attachment;
}

/** Whether a file may be of another patient than the report: it names one who differs, or whom nobody can compare. While there is a ``message`` no question is asked with the attachment; ``assistant.attachment.confirm`` takes the doubt away, and so does a report's patient who agrees. */
export interface AttachmentDoubted {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.attachment.doubted";
  attachment_id: string;
  /** The doubt, for people; empty where there is none (any more). */
  message: string;
  /** A person has said that it is of the report's patient. */
  confirmed: boolean;
}

export interface AttachmentRemoved {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.attachment.removed";
  attachment_id: string;
}

/** The image matcher's opinion of an attachment: its kind of image and possible faults. Sent some time after ``assistant.attachment.added``; questions do not wait for it. */
export interface AttachmentChecked {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.attachment.checked";
  attachment_id: string;
  /** Number of the picture that was looked at, as in /slice?i=. */
  index: number;
  /** e.g. “chest X-ray”; empty where no kind is sure. */
  kind: string;
  /** Share of the best kind, against the others. */
  share: number;
  /** e.g. “blurred”. */
  faults: string[];
  /** The file says that it is something else. */
  unlike_file: boolean;
  /** All of it, for people. */
  note: string;
}

/** The answer to ``assistant.labels.score``, best first. */
export interface LabelsScored {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.labels.scored";
  attachment_id: string;
  index: number;
  scores: LabelScore[];
}

/** The answer to ``assistant.similar.find``, most alike first, the best picture of each attachment; it grows until ``looked_at`` is ``of``. */
export interface SimilarFound {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.similar.found";
  attachment_id: string;
  index: number;
  images: SimilarImage[];
  looked_at: number;
  /** Images that are searched; long series are thinned out. */
  of: number;
}

/** An answer begins. ``question`` is its wording; ``question_item_id`` the utterance it came from. ``attachment_ids`` are the images chosen by the question's words, or all images. */
export interface ResponseCreated {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "response.created";
  response: ResponseBody;
  question: string;
  question_item_id: string;
  attachment_ids: string[];
  engine: EngineDescription;
  context?: ContextUsed | null;
  /** The question goes to no model before this time has passed: assistant.response.sent says when. Until then response.cancel keeps it back. */
  wait_ms: number;
}

/** A question that waited goes to the model now (--question-wait-ms). */
export interface ResponseSent {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.response.sent";
  response_id: string;
}

/** The guideline passages found for an answer, sent before its text. Only with a guideline folder. */
export interface ResponseSources {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.response.sources";
  response_id: string;
  sources: SourcePart[];
  /** False: nothing was found, and the answer's text says so; no model was asked. */
  answered: boolean;
}

/** Sent after an answer from a patient's record: the resources that it cites, word for word. */
export interface ResponseRecord {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.response.record";
  response_id: string;
  /** Number of resources that were read for it. */
  read: number;
  named: RecordPart[];
}

export interface OutputItemAdded {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "response.output_item.added";
  response_id: string;
  output_index: number;
  item: ConversationItem;
}

export interface ContentPartAdded {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  response_id: string;
  item_id: string;
  output_index: number;
  content_index: number;
  type: "response.content_part.added";
  part: ContentPart;
}

export interface OutputTextDelta {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  response_id: string;
  item_id: string;
  output_index: number;
  content_index: number;
  type: "response.output_text.delta";
  delta: string;
}

/** The whole text of the answer. For a stopped answer, the text so far. */
export interface OutputTextDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  response_id: string;
  item_id: string;
  output_index: number;
  content_index: number;
  type: "response.output_text.done";
  text: string;
}

export interface ContentPartDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  response_id: string;
  item_id: string;
  output_index: number;
  content_index: number;
  type: "response.content_part.done";
  part: ContentPart;
}

export interface OutputItemDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "response.output_item.done";
  response_id: string;
  output_index: number;
  item: ConversationItem;
}

/** A piece of the model's reasoning, to append. It is not part of the answer; show it folded or not at all. */
export interface AnswerThought {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.answer.thought";
  response_id: string;
  delta: string;
}

/** Boxes from the answer on an attached picture. They are approximate; show them as such. */
export interface AnswerBoxes {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.answer.boxes";
  response_id: string;
  attachment_id: string;
  /** Width of the picture, in the pixels of the corners. */
  width_px: number;
  height_px: number;
  boxes: BoxPart[];
}

/** Changes in the latest study, as far as the answer states them explicitly. */
export interface AnswerChanges {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.answer.changes";
  response_id: string;
  /** The study it is compared with, in words. */
  since: string;
  changes: ChangePart[];
}

/** The lab report in the images, as a table. */
export interface AnswerLabs {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.answer.labs";
  response_id: string;
  rows: LabPart[];
  /** Rows that did not fit the table and are left out. */
  rejected: number;
  /** These rows as text, as far as they were read. */
  rejected_rows: string[];
  /** Path on this server where it can be had: ?format=csv or ?format=fhir. */
  url: string;
}

/** The answer ended. ``response.status`` says how; with ``failed``, ``status_details.error`` says why; ``incomplete`` means that it was cut off at the token limit. */
export interface ResponseDone {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "response.done";
  response: ResponseBody;
  /** The numbers of the sources that the answer cites. */
  cited: number[];
}

export interface WebRtcAnswer {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.webrtc.answer";
  sdp: string;
}

/** All sound before this sample is with the session: it need not be kept for sending it again. */
export interface AudioReceived {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.audio.received";
  sample: number;
}

/** Audio was lost and could not be restored: words may be missing here. */
export interface AudioGap {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.audio.gap";
  start_ms: number;
  duration_ms: number;
  reason: "network" | "overload";
}

/** Received and lost audio since the microphone started; sent about once a second while audio arrives. */
export interface AudioStatus {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.audio.status";
  transport: "webrtc" | "websocket";
  /** Packets (WebRTC) or frames (WebSocket). */
  received: number;
  lost: number;
  /** Lost packets that in-band error correction put back. */
  recovered: number;
  late: number;
  concealed_ms: number;
  /** Fault of the microphone's loudness, if any. */
  level: "fine" | "silent" | "quiet" | "clipping" | "narrow";
  /** Thrown away because this machine did not keep up. */
  dropped_ms: number;
}

/** Information for the user; nothing failed. */
export interface Notice {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.notice";
  level: "info" | "warning";
  code: string;
  message: string;
}

/** The server ends the connection; ``retry`` says whether to come back. */
export interface SessionClosing {
  event_id: string;
  /** Position in the session's log, from 1; 0 for passing events, which are not replayed. */
  seq: number;
  type: "assistant.session.closing";
  reason: string;
  retry: boolean;
}

/** Fields left out stay as they are. What cannot be had is refused, and then nothing is changed. */
export interface SessionConfig {
  /** transcription: what is heard is transcribed, and no model is ever asked. */
  type?: "realtime" | "transcription" | null;
  audio?: SessionAudio | null;
  /** The beta's name of audio.input.format. */
  input_audio_format?: "pcm16" | "g711_ulaw" | "g711_alaw" | null;
  /** Any name; what runs here is echoed. */
  model?: string | null;
  /** Stand before every question. */
  instructions?: string | null;
  output_modalities?: "text"[] | null;
  max_output_tokens?: number | "inf" | null;
  include?: "item.input_audio_transcription.logprobs"[] | null;
  tools?: unknown[] | null;
  tool_choice?: "auto" | "none" | null;
  parallel_tool_calls?: boolean | null;
  truncation?: "auto" | null;
  prompt?: null;
  reasoning?: null;
  /** Without effect, and not echoed: nothing is told to a tracing service. */
  tracing?: "auto" | Record<string, unknown> | null;
  /** Ours: how finals are taken. */
  mode?: "auto" | "dictation" | "question" | null;
  /** Ours: how dictation is written from now on. */
  style?: HouseStyle | null;
  /** Ours: with a phrase, only utterances that begin with it are questions; with an empty one, any may be. */
  wake_phrase?: string | null;
}

export interface UserMessage {
  /** The client's own; else one is made. */
  id?: string | null;
  type?: "message";
  role?: "user";
  object?: "realtime.item" | null;
  status?: "completed" | "incomplete" | "in_progress" | null;
  content: (InputText | InputImage)[];
}

/** Settings of one answer. A field that is not named is refused. */
export interface ResponseConfig {
  /** In place of the session's. */
  instructions?: string | null;
  /** Asked in place of the last item. */
  input?: ResponseInput[] | null;
  /** none: question and answer are forgotten. */
  conversation?: "auto" | "none";
  output_modalities?: "text"[] | null;
  max_output_tokens?: number | "inf" | null;
  metadata?: Record<string, string> | null;
  tools?: unknown[] | null;
  tool_choice?: "auto" | "none" | null;
  audio?: null;
  prompt?: null;
  reasoning?: null;
}

/** As written by hand or by another system; every field may be empty. */
export interface Patient {
  id?: string;
  name?: string;
  /** YYYY-MM-DD. */
  born?: string;
  sex?: "" | "female" | "male" | "other" | "unknown";
}

/** The examination or visit that the report is about. */
export interface Order {
  /** The order's number. */
  accession?: string;
  exam?: string;
  /** When it was done: YYYY-MM-DD or YYYY-MM-DDTHH:MM. */
  at?: string;
  /** Its number at the system that placed it. */
  placer?: string;
  /** Its number at the system that carries it out. */
  filler?: string;
  /** Address of its FHIR ServiceRequest. */
  request?: string;
  /** UID of its DICOM study. */
  study?: string;
}

export interface SessionState {
  id: string;
  /** Secret with which a client comes back and asks for what belongs to this session. Only in ``session.created``; elsewhere empty. */
  resume_token: string;
  /** Time for which a session without a connection is kept. */
  grace_s: number;
  type: "realtime" | "transcription";
  object: "realtime.session";
  /** The engine that answers; the recogniser in a transcription session. */
  model: string;
  instructions: string;
  output_modalities: "text"[];
  max_output_tokens: number | "inf";
  include: "item.input_audio_transcription.logprobs"[];
  tools: unknown[];
  tool_choice: "auto";
  mode: "auto" | "dictation" | "question";
  asleep: boolean;
  wake_phrase: string;
  style?: HouseStyle | null;
  guidelines?: GuidelineShelf | null;
  audio: SessionAudio;
  recogniser: Recogniser;
  engine: EngineDescription;
  ice_servers: string[];
  version: string;
  /** Words heard with less confidence are marked; 0 marks none. */
  mark_below: number;
  /** Minutes of audio kept in memory to be played; 0: none. */
  keep_audio_min: number;
  /** Series can be fetched from the hospital's archive. */
  archive: boolean;
  image_matcher?: ImageMatcher | null;
  /** Finals, reports and answers are written to the server's disk. */
  stored: boolean;
  /** The user, with whose name reports are signed; null where the server has no users: then a name is typed, which nobody has verified. */
  signer?: string | null;
  /** The user has the right to sign reports. */
  may_sign: boolean;
  /** Where, and for how long; none where nothing is kept. */
  keeping?: Keeping | null;
}

export interface ErrorBody {
  type: "invalid_request_error" | "server_error";
  /** Stable, snake_case. */
  code: string;
  /** For people: what is wrong and what to do. */
  message: string;
  param?: string | null;
  /** The client event that caused it. */
  event_id?: string | null;
}

export interface DurationUsage {
  type: "duration";
  seconds: number;
}

/** Log probability of a word; ``bytes`` are its UTF-8. */
export interface LogProbability {
  token: string;
  bytes: number[];
  logprob: number;
}

/** Another recogniser's transcript of the same speech. */
export interface AlsoHeard {
  recogniser: string;
  transcript: string;
}

export interface WordTime {
  text: string;
  start_ms: number;
  end_ms: number;
  confidence?: number | null;
  /** Other readings of the word, if the recogniser was in doubt; likeliest first. */
  alternatives: string[];
}

export interface SectionPart {
  id: string;
  /** Empty for the one section of a report without a template. */
  title: string;
  runs: RunPart[];
}

export interface PositionPart {
  section_id: string;
  offset: number;
}

export interface RangePart {
  section_id: string;
  start: number;
  end: number;
}

/** ``[start, end)`` of a section's text, and when it was said, on the session's sample clock. */
export interface WordPlace {
  section_id: string;
  start: number;
  end: number;
  item_id: string;
  start_ms: number;
  end_ms: number;
  confidence?: number | null;
}

/** The change of one section: ``drop`` of its runs, from number ``at`` on, give way to ``runs``; or only the text of run ``at`` changed. */
export interface SectionPatch {
  section_id: string;
  at: number;
  drop: number;
  runs: RunPart[];
  text?: TextPatch | null;
}

export interface CommandHelp {
  say: string;
  does: string;
}

export interface ConversationItem {
  id: string;
  object: "realtime.item";
  type: "message";
  role: "user" | "assistant";
  status: "in_progress" | "completed" | "incomplete";
  content: Record<string, unknown>[];
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  width_px: number;
  height_px: number;
  /** Path of a small picture of it on this server; below it: /slice?i=&window=. */
  url: string;
  /** photo, xray, pictures, ct, mr, slide, pages or record. */
  kind: string;
  /** Pictures to look through: slices, pages, patches behind an overview. */
  count: number;
  /** Windows that its slices can be seen in, the usual one first. */
  windows: string[];
  /** Its pictures, from 0, that were not taken but worked out from their neighbours. */
  worked_out: number[];
  /** Remarks, e.g. that slices are missing. */
  notes: string[];
  /** Only where its series has several. */
  stacks?: SeriesStacks | null;
}

export interface LabelScore {
  label: string;
  /** Against the other labels: all shares add up to 1. */
  share: number;
  /** By itself, as the model was trained; often small for the right one too. */
  match: number;
}

export interface SimilarImage {
  attachment_id: string;
  index: number;
  /** Cosine of the two images' vectors: 1 is the same. */
  similarity: number;
}

export interface ResponseBody {
  id: string;
  object: "realtime.response";
  status: "in_progress" | "completed" | "cancelled" | "failed" | "incomplete";
  status_details?: Record<string, unknown> | null;
  output: ConversationItem[];
  output_modalities: "text"[];
  metadata?: Record<string, string> | null;
  usage?: TokenUsage | null;
}

export interface EngineDescription {
  name: string;
  /** It only shows that the pipeline runs: say so. */
  stand_in: boolean;
  sees_images: boolean;
  notice: string;
  /** Version of the weights: a commit, or a file's sha256. Empty: not stated. */
  revision: string;
  /** No model: its answers are fixed text or quote the report; all else is declined. */
  declines: boolean;
  /** Why this engine answers, where the server chose it: a sentence. */
  why: string;
}

/** The context sent with a question, apart from the guideline passages in ``assistant.response.sources``. */
export interface ContextUsed {
  /** Characters of the report so far; an engine with less room cuts it. */
  document_chars: number;
  /** Earlier questions with their answers; an engine takes what fits. */
  earlier: number;
  /** Reason for the choice of images, in words; empty if the model was given none. */
  images: string;
}

/** A guideline passage sent with a question; the answer cites it by number, as in ``[1]``. */
export interface SourcePart {
  number: number;
  file: string;
  /** Page and heading, for people. */
  place: string;
  text: string;
  /** Path on this server that shows the passage at its place. */
  url: string;
}

export interface RecordPart {
  /** As the answer names it, in brackets: Observation/12. */
  label: string;
  /** As the record has it: Observation/0f2c…. */
  reference: string;
  text: string;
}

export interface ContentPart {
  type: "text";
  text: string;
}

/** A box by its upper left and lower right corner, in pixels of the attached picture. */
export interface BoxPart {
  label: string;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface ChangePart {
  finding: string;
  change: "improved" | "stable" | "worsened";
}

export interface LabPart {
  name: string;
  result: string;
  unit: string;
  reference: string;
  flag: "" | "low" | "normal" | "high" | "abnormal" | "critical low" | "critical high" | "critical";
  /** The flag as the report prints it. */
  printed: string;
  /** Doubts about this row, such as a flag that its numbers contradict. */
  note: string;
  specimen: string;
  method: string;
  collected: string;
}

export interface SessionAudio {
  input?: AudioInput | null;
  /** There is no sound in answers; not echoed. */
  output?: Record<string, unknown> | null;
}

/** House style of dictation. Fields left out keep the server's settings. */
export interface HouseStyle {
  /** January 1, 2011; 1 January 2011; or as said. */
  dates?: "long" | "day_first" | "as_dictated" | null;
  /** 2:30 PM, or as it was said. */
  times?: "clock" | "as_dictated" | null;
  /** Style of counts; measurements and doses are always in numerals. */
  numbers_under_ten?: "numerals" | "words" | null;
  /** mg, or milligrams. */
  units?: "abbreviated" | "as_dictated" | null;
  cranial_nerves?: "roman" | "arabic" | null;
  /** Stages, classes and types: III or 3, where their field writes them in roman numerals. */
  classes?: "roman" | "arabic" | null;
  /** 12000 or 12,000. */
  thousands?: "plain" | "comma" | null;
}

export interface InputText {
  type: "input_text";
  text: string;
}

export interface InputImage {
  type: "input_image";
  /** A data URI: PNG, JPEG or WebP. */
  image_url: string;
  name?: string;
  /** Every image is prepared in the same way. */
  detail?: "auto" | "low" | "high" | null;
}

/** A user's message with text. */
export interface ResponseInput {
  id?: string | null;
  type?: "message";
  role?: "user";
  status?: "completed" | "incomplete" | "in_progress" | null;
  object?: "realtime.item" | null;
  content: InputText[];
}

/** The contents of the guideline folder. */
export interface GuidelineShelf {
  /** It was read once; until then nothing is found. */
  ready: boolean;
  files: number;
  passages: number;
  /** A sentence for each file that was left out, with its name. */
  problems: string[];
}

export interface Recogniser {
  name: string;
  /** Description in a few words, for people. */
  label: string;
  sample_rate_hz: number;
  /** Whether it can be given words to expect. */
  takes_keywords: boolean;
}

/** A SigLIP that checks images, scores labels and finds similar images. Unverified, as all models are. */
export interface ImageMatcher {
  name: string;
  revision: string;
}

/** The place where reports are kept, and days after the last change until they are deleted; 0: never. */
export interface Keeping {
  where: string;
  encrypted: boolean;
  drafts_days: number;
  finals_days: number;
}

/** Text from one source; ``item_id`` is the utterance it came from. */
export interface RunPart {
  text: string;
  item_id?: string | null;
  origin: "voice" | "typed" | "template" | "macro" | "answer" | "gap";
  field?: FieldPart | null;
  /** Set until a person has changed or confirmed the text. */
  doubt?: DoubtPart | null;
}

/** ``[start, end)`` of a run's text becomes ``text``. */
export interface TextPatch {
  /** In code points, like all offsets. */
  start: number;
  end: number;
  text: string;
}

/** The stacks of the series that an attachment is one of: any can be attached (``POST /v1/sessions/ID/stacks``). */
export interface SeriesStacks {
  /** The same for all attachments of one series. */
  series: string;
  /** Number of this attachment among them, from 1. */
  number: number;
  names: string[];
}

export interface TokenUsage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
}

export interface AudioInput {
  format?: AudioFormat | null;
  transcription?: TranscriptionConfig | null;
  /** null: only a commit ends a turn. */
  turn_detection?: ServerVad | SemanticVad | null;
  /** There is none. */
  noise_reduction?: null;
}

/** A field, shown as ``[name]`` until it is filled. */
export interface FieldPart {
  name: string;
  choices: string[];
}

/** Why a clinician has to look at a text, and what was likely meant, if anything is known. */
export interface DoubtPart {
  reason: "two_readings" | "kept_as_said" | "near_miss" | "glued_number" | "missing_number" | "own_word" | "gap";
  /** For people. */
  message: string;
  offer: string;
}

/** G.711 (``audio/pcmu``, ``audio/pcma``) always has 8,000 samples per second. */
export interface AudioFormat {
  type?: "audio/pcm" | "audio/pcmu" | "audio/pcma";
  /** Samples of PCM per second, 8000 to 48000; 24000 if not given. */
  rate?: number | null;
}

export interface TranscriptionConfig {
  /** Any name; the recogniser that runs here is echoed. */
  model?: string | null;
  /** English only. */
  language?: string | null;
  languages?: string[] | null;
  /** A hint: its longer words are expected. */
  prompt?: string | null;
  /** A hint: words to expect; an empty list takes those of before back. */
  keywords?: string[] | null;
  /** A hint; the echo has what --asr-preset says, which holds for all sessions. */
  delay?: "minimal" | "low" | "medium" | "high" | "xhigh" | null;
}

/** Silence ends a turn. ``idle_timeout_ms`` cannot be had. */
export interface ServerVad {
  type?: "server_vad";
  threshold?: number | null;
  prefix_padding_ms?: number | null;
  silence_duration_ms?: number | null;
  /** False: a question waits for response.create. */
  create_response?: boolean | null;
  /** True: speech ends the running answer. */
  interrupt_response?: boolean | null;
  idle_timeout_ms?: null;
}

/** The words said so far decide how long a silence ends the turn, as they do by default. */
export interface SemanticVad {
  type: "semantic_vad";
  eagerness?: "low" | "medium" | "high" | "auto" | null;
  create_response?: boolean | null;
  interrupt_response?: boolean | null;
}

export type ClientEvent =
  | SessionUpdate
  | InputAudioAppend
  | AudioAt
  | AudioEnd
  | InputAudioCommit
  | InputAudioClear
  | ConversationItemCreate
  | ConversationItemRetrieve
  | ConversationItemDelete
  | ConversationItemTruncate
  | OutputAudioClear
  | ResponseCreate
  | ResponseCancel
  | WebRtcOffer
  | WebRtcClose
  | ModeSet
  | AttentionSet
  | SpeechState
  | IntentCorrect
  | ItemEdit
  | DocumentEdit
  | DocumentCommand
  | ReportDescribe
  | ReportSign
  | ReportAmend
  | AttachmentRemove
  | AttachmentLook
  | AttachmentConfirm
  | LabelsScore
  | SimilarFind;

export type ServerEvent =
  | SessionCreated
  | SessionUpdated
  | ErrorEvent
  | SpeechStartedEvent
  | SpeechStoppedEvent
  | BufferCommitted
  | BufferCleared
  | TranscriptDelta
  | TranscriptCompleted
  | TranscriptFailed
  | TranscriptPartial
  | TranscriptWords
  | IntentEvent
  | AttentionChanged
  | EchoLeftOut
  | SpeechStop
  | ItemEdited
  | DocumentChanged
  | DocumentPatched
  | ReportDescribed
  | ReportSigned
  | ReportReopened
  | CommandDone
  | LibraryRead
  | WordOffered
  | ItemAdded
  | ItemDone
  | ItemRetrieved
  | ItemDeleted
  | AttachmentAdded
  | AttachmentDoubted
  | AttachmentRemoved
  | AttachmentChecked
  | LabelsScored
  | SimilarFound
  | ResponseCreated
  | ResponseSent
  | ResponseSources
  | ResponseRecord
  | OutputItemAdded
  | ContentPartAdded
  | OutputTextDelta
  | OutputTextDone
  | ContentPartDone
  | OutputItemDone
  | AnswerThought
  | AnswerBoxes
  | AnswerChanges
  | AnswerLabs
  | ResponseDone
  | WebRtcAnswer
  | AudioReceived
  | AudioGap
  | AudioStatus
  | Notice
  | SessionClosing;
