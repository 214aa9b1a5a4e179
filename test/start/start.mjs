// `npm start` as a newcomer meets it: it says where it listens, takes a recorded session, shows it, and leaves without loss when asked to.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const session = `${root}packages/testing/fixtures/claude-code/2.1.330/tools/`;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
const end = (signal) => process.kill(-child.pid, signal);
const overdue = setTimeout(() => {
  console.error('npm start: expected the receiver to listen, take a session and drain within 60 s');
  end('SIGKILL');
  process.exit(1);
}, 60_000);

let output = '';
let sent = false;
// What it says goes to standard error, the telemetry to standard output.
for (const stream of [child.stdout, child.stderr]) {
  stream.on('data', async (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
    if (sent || !output.includes('Ctrl-C stops')) return;
    sent = true;
    await send('001.logs.pb', 'logs');
    await send('002.metrics.pb', 'metrics');
    // As a terminal does on Ctrl-C: to npm and to what it started.
    end('SIGINT');
  });
}

async function send(file, signal) {
  const response = await fetch(`http://127.0.0.1:4318/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: readFileSync(session + file),
  });
  if (response.status !== 200) throw new Error(`${signal}: expected 200, got ${response.status}`);
}

child.on('exit', (code, signal) => {
  clearTimeout(overdue);
  const seen = /api_request/.test(output) && /claude_code\.token\.usage/.test(output);
  const leaked = /CANARY_/.test(output);
  // npm itself ends by the signal; that the command under it exits with 0 is tested with the command.
  const left = (code === 0 || signal === 'SIGINT') && output.includes('stopped, nothing was lost');
  if (!left || !seen || leaked) {
    console.error(
      `npm start: expected a clean end and the session on screen without its text; got exit ${code ?? signal}, seen ${seen}, leaked ${leaked}`,
    );
    process.exit(1);
  }
  console.log('npm start: ready, took a recorded session, drained, lost nothing');
});
