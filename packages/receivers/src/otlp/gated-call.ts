import type * as Grpc from '@grpc/grpc-js';
import type { Signal } from '@otelier/core';
import type { CallStream } from './grpc-call.js';
import type { GrpcGate } from './grpc-gate.js';

type Inner = Grpc.ServerInterceptingCallInterface;
type Listener = Parameters<Inner['start']>[0];

/**
 * A call that the gate stands before: its metadata goes to the gate, all else straight through.
 *
 * The classes that grpc-js has for this make closures for every step of a call.
 */
export class GatedCall implements Inner, Listener {
  declare readonly call: Inner;
  declare readonly of: CallStream | undefined;
  declare readonly signal: Signal | undefined;
  declare private readonly gate: GrpcGate;
  declare private listener: Listener;

  constructor(gate: GrpcGate, call: Inner, of: CallStream | undefined, signal: Signal | undefined) {
    this.gate = gate;
    this.call = call;
    this.of = of;
    this.signal = signal;
  }

  start(listener: Listener): void {
    this.listener = listener;
    this.call.start(this);
  }

  onReceiveMetadata(metadata: Grpc.Metadata): void {
    this.gate.ask(this, metadata);
  }

  /** From here on grpc-js reads its message: not before, so that nothing else has to wait for the gate. */
  letIn(metadata: Grpc.Metadata): void {
    this.listener.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.listener.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.listener.onReceiveHalfClose();
  }

  onCancel(): void {
    this.listener.onCancel();
  }

  sendMetadata(metadata: Grpc.Metadata): void {
    this.call.sendMetadata(metadata);
  }

  sendMessage(message: unknown, callback: () => void): void {
    this.call.sendMessage(message, callback);
  }

  sendStatus(status: Parameters<Inner['sendStatus']>[0]): void {
    this.call.sendStatus(status);
  }

  startRead(): void {
    this.call.startRead();
  }

  getPeer(): string {
    return this.call.getPeer();
  }

  getDeadline(): Grpc.Deadline {
    return this.call.getDeadline();
  }

  getHost(): string {
    return this.call.getHost();
  }

  getAuthContext(): ReturnType<Inner['getAuthContext']> {
    return this.call.getAuthContext();
  }

  getConnectionInfo(): ReturnType<Inner['getConnectionInfo']> {
    return this.call.getConnectionInfo();
  }

  getMetricsRecorder(): ReturnType<Inner['getMetricsRecorder']> {
    return this.call.getMetricsRecorder();
  }
}
