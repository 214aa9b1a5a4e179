const exact = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);
const telling = /api-?key|token|secret|passw(or)?d|credential|signature/;

/** Whether a header of this lower-case name may hold a credential: components do not get to see it. */
export function isCredential(name: string): boolean {
  return exact.has(name) || telling.test(name);
}
