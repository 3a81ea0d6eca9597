// The events that the page works with: those of the server, and its own, which begin with `local.`.
import type { ClientEvent, ServerEvent } from './protocol.js';
import type { Microphone, Mode, Notice, State, Upload } from './state.js';

export type LocalEvent =
  | { type: 'local.connection'; phase: State['connection']['phase']; reason?: string; resuming?: boolean }
  | { type: 'local.microphone'; microphone: Partial<Microphone> }
  | { type: 'local.command_told'; message: string }
  | { type: 'local.gap'; durationMs: number }
  | { type: 'local.mode'; mode: Mode }
  | { type: 'local.notice'; level?: Notice['level']; code: string; message: string }
  | { type: 'local.notice_dismissed'; id: string }
  | { type: 'local.upload'; upload: Upload }
  | { type: 'local.upload_ended'; id: number }
  | { type: 'local.new_session'; left?: string }
  | { type: 'local.left_forgotten' };

/** What the reducer and the views take. A type that is not listed fails the type check. */
export type PageEvent = ServerEvent | LocalEvent;

/** An event to the server. */
export type Sent = ClientEvent;
export type Send = (event: Sent) => boolean;
