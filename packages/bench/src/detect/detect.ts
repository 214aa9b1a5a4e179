import { Buffer } from 'node:buffer';
import { Detectors, piiDetectors, secretDetectors } from '@otelier/processors';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { ProcessCase } from '../measure/case.js';
import { decodeLogs } from '../references/protobufjs.js';

/** The texts of a thousand Claude-Code-like records: ids, labels, prompts and tool parameters, without the users' e-mail addresses. */
function texts(): Buffer[] {
  return decodeLogs(logsRequest(logsShapes.logs1000)).resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.flatMap(({ attributes }) =>
        attributes.flatMap(({ key, value }) =>
          key === 'user.email' || typeof value.stringValue !== 'string' ? [] : [Buffer.from(value.stringValue)],
        ),
      ),
    ),
  );
}

/** Megabytes a second of CPU time: the median of some rounds, after a warm-up. */
function megabytesPerSecond(bytes: number, run: () => void, { rounds, ms }: { rounds: number; ms: number }): number {
  const slot = (least: number): number => {
    const start = process.cpuUsage();
    let times = 0;
    let spent = 0;
    do {
      run();
      times++;
      const { user, system } = process.cpuUsage(start);
      spent = user + system;
    } while (spent < 1000 * least);
    return (bytes * times) / spent;
  };
  slot(4 * ms);
  const measured = Array.from({ length: rounds }, () => slot(ms)).sort((a, b) => a - b);
  return measured[rounds >> 1] ?? 0;
}

/** What it costs to look for secrets and personal data, where there are none and where there are some. */
export const detection: ProcessCase = {
  name: 'detect secrets and personal data',
  async measure({ quick }) {
    const pace = quick ? { rounds: 3, ms: 25 } : { rounds: 15, ms: 200 };
    const detectors = new Detectors([...secretDetectors, ...piiDetectors]);
    const clean = texts();
    const suspicious = clean.filter((text) => detectors.suspects(text, 0, text.length)).length;
    if (suspicious > 0) throw new Error(`${suspicious} clean texts are suspects`);
    const size = clean.reduce((sum, { length }) => sum + length, 0);
    const joined = Buffer.from(clean.map((text) => text.toString()).join('\n'));
    const secret = `It says gh${'p_'}zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17 of bob@example.com. ${joined.toString().slice(0, 900)}`;
    const measure = (bytes: number, run: () => void): number => megabytesPerSecond(bytes, run, pace);
    const oneByOne = measure(size, () => {
      for (const text of clean) detectors.suspects(text, 0, text.length);
    });
    const asOne = measure(joined.length, () => detectors.suspects(joined, 0, joined.length));
    const found = measure(secret.length, () => detectors.find(secret));
    return {
      rows: [
        { text: `clean, ${clean.length} values one by one`, work: 'suspects', 'MB/s': oneByOne },
        { text: `clean, ${joined.length} bytes as one text`, work: 'suspects', 'MB/s': asOne },
        { text: `a token and an address in ${secret.length} bytes`, work: 'find', 'MB/s': found },
      ],
      targets: [
        {
          name: 'all built-in detectors on clean values, MB/s of one core',
          measured: oneByOne,
          target: 100,
          met: oneByOne >= 100,
        },
      ],
    };
  },
};
