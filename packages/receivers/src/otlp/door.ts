/**
 * One way into the receiver: a listening server of one protocol.
 *
 * A door is given an {@link Intake} and hands it every request; another server for the same protocol can stand beside it by implementing these calls.
 */
export interface Door {
  /** Binds and answers from then on; resolves with the address for people, such as `http://127.0.0.1:4318`. Rejects with a PipelineError when it cannot bind. */
  listen(): Promise<string>;
  /** From here on new requests are told to come back; those being answered go on. */
  stop(): void;
  /** Lets a door of another receiver take over the port, and keeps it until one does; the returned function ends that. */
  giveWay(): () => void;
  /** Closes the port and every connection; answers that were already given are still sent. */
  close(): Promise<void>;
}
