import type { Detector } from '../detector.js';
import { card } from './card.js';
import { email } from './email.js';
import { iban } from './iban.js';
import { ipv4, ipv6 } from './ip.js';
import { phone } from './phone.js';

/** Detectors of what tells who somebody is. */
export const piiDetectors: readonly Detector[] = [email, card, iban, ipv6, ipv4, phone];
