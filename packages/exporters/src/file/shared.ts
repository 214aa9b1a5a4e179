/** Something that must be open once only, and its users. */
interface Shared<T> {
  readonly opening: Promise<T>;
  users: number;
}

const open: Map<string, Shared<Closable>> = new Map();

interface Closable {
  close(): Promise<void>;
}

/** Opens the file, or joins those who have it open; the last `release` closes it. */
export async function openShared<T extends Closable>(
  path: string,
  make: () => Promise<T>,
): Promise<{ file: T; release(): Promise<void> }> {
  let shared = open.get(path);
  if (shared === undefined) {
    shared = { opening: make(), users: 0 };
    open.set(path, shared);
  }
  const mine = shared;
  mine.users++;
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    if (--mine.users > 0) return;
    if (open.get(path) === mine) open.delete(path);
    await (await mine.opening).close();
  };
  try {
    // One path, one kind of file: whoever shares it asked for the same.
    return { file: (await mine.opening) as T, release };
  } catch (error) {
    mine.users--;
    if (open.get(path) === mine) open.delete(path);
    throw error;
  }
}
