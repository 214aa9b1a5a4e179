// `npm start` as a newcomer meets it: it says where it listens, takes a recorded session, shows it, and leaves with 0 when asked to.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const session = `${root}packages/testing/fixtures/claude-code/2.1.330/tools/`;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
const end = (signal) => process.kill(-child.pid, signal);
const overdue = setTimeout(() => {
  console.error('npm start: expected the receiver to listen, take a session and drain within 60 s');
  end('SIGKILL');
  process.exit(1);
}, 60_000);

let output = '';
let sent = false;
child.stdout.on('data', async (chunk) => {
  output += chunk;
  process.stdout.write(chunk);
  if (sent || !output.includes('http://127.0.0.1:4318')) return;
  sent = true;
  for (const [file, signal] of [
    ['001.logs.pb', 'logs'],
    ['002.metrics.pb', 'metrics'],
  ]) {
    const response = await fetch(`http://127.0.0.1:4318/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: readFileSync(session + file),
    });
    if (response.status !== 200) throw new Error(`${signal}: expected 200, got ${response.status}`);
  }
  end('SIGTERM');
});
child.on('exit', (code) => {
  clearTimeout(overdue);
  const seen = /api_request/.test(output) && /claude_code\.token\.usage|token\.usage/.test(output);
  const leaked = /CANARY_/.test(output);
  if (code !== 0 || !seen || leaked) {
    console.error(
      `npm start: expected exit 0 and the session on screen without its text; got exit ${code}, seen ${seen}, leaked ${leaked}`,
    );
    process.exit(1);
  }
  console.log('npm start: ready, took a recorded session, drained, exit 0');
});
