import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname } from 'node:path';

/** A socket that answers as long as its process lives, whoever asks. */
export interface Sign {
  /** Of its file. */
  readonly name: string;
  close(): void;
}

/**
 * Opens a socket beside the file `path`, by which processes that cannot know this one by its number find out whether it lives: the kernel closes it
 * with the process, however that ends. Undefined where numbers suffice (only Linux has processes that count apart) or sockets cannot be made.
 */
export async function openSign(path: string): Promise<Sign | undefined> {
  if (process.platform !== 'linux') return undefined;
  const folder = openSync(dirname(path), 'r');
  const name = `${basename(path)}.${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  const server = createServer((socket) => socket.destroy()).unref();
  const isOpen = await new Promise<boolean>((resolve) => {
    server.on('error', () => resolve(false));
    // A socket's path has a hundred bytes; that of a descriptor is short.
    server.listen(`/proc/self/fd/${folder}/${name}`, () => resolve(true));
  });
  if (isOpen) return { name, close: () => server.close(() => closeSync(folder)) };
  closeSync(folder);
  return undefined;
}

/** Whether somebody still has the socket that this file is of. */
export async function isAnswered(path: string): Promise<boolean> {
  let folder: number;
  try {
    folder = openSync(dirname(path), 'r');
  } catch {
    return false;
  }
  try {
    return await new Promise<boolean>((resolve) => {
      const socket = connect(`/proc/self/fd/${folder}/${basename(path)}`);
      const end = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => end(true));
      // Too many who ask, or somebody else's socket: it is there.
      socket.once('error', ({ code }: NodeJS.ErrnoException) =>
        end(code === 'EAGAIN' || code === 'EACCES' || code === 'EPERM'),
      );
    });
  } finally {
    closeSync(folder);
  }
}
