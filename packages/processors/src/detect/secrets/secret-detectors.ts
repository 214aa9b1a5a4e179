import type { Detector } from '../detector.js';
import { assignment } from './assignments.js';
import { clouds } from './clouds.js';
import { commandLine, netrc } from './commands.js';
import { connectionString } from './connection-strings.js';
import { discordToken } from './discord.js';
import { forges } from './forges.js';
import { authorization, cookie } from './headers.js';
import { jwt } from './jwt.js';
import { models } from './models.js';
import { privateKey, puttyKey } from './private-keys.js';
import { services } from './services.js';

/** Detectors of what opens doors, the most specific first. */
export const secretDetectors: readonly Detector[] = [
  privateKey,
  puttyKey,
  ...forges,
  ...models,
  ...clouds,
  ...services,
  discordToken,
  jwt,
  connectionString,
  authorization,
  cookie,
  assignment,
  commandLine,
  netrc,
];
