export type { Detection, Detector } from './detector.js';
export { Detectors } from './detectors.js';
export { type PatternOptions, pattern } from './pattern/pattern.js';
export { piiDetectors } from './pii/pii-detectors.js';
export type { Clue, Literal, Shape, Tail } from './prefilter/clue.js';
export { type HighEntropyOptions, highEntropy } from './secrets/high-entropy.js';
export { secretDetectors } from './secrets/secret-detectors.js';
