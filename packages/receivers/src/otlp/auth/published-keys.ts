import { PipelineError } from '@otelier/core';
import type { ExportedJWKSCache, JWKSCacheInput, JWTVerifyGetKey } from 'jose';

/** How old keys may be before they are fetched again, in milliseconds. */
const freshMs = 10 * 60_000;
/** How old keys may be that are used because newer ones cannot be fetched. */
const staleMs = 24 * 60 * 60_000;
/** How long after a fetch no other one is made for a key that is not known. */
const pauseMs = 10_000;
const timeoutMs = 5000;
/** Names of keys that tokens made up are remembered up to this many. */
const maxAbsent = 1000;

/**
 * The keys that an issuer publishes: fetched when a token first needs one, every ten minutes, and when a token names one that is not known.
 *
 * An issuer that cannot be asked costs nobody whose key is known; nobody is called wrong whose key may have been published since the last fetch.
 */
export function publishedKeys(jose: typeof import('jose'), url: URL): JWTVerifyGetKey {
  // jose tells in it when it has fetched.
  const cache: Partial<ExportedJWKSCache> = {};
  const remote = jose.createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cooldownDuration: pauseMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    // Its type allows an empty object and a full one, but not one that is filled.
    [jose.jwksCache]: cache as JWKSCacheInput,
  });
  let nextAt = 0;
  const renew = async (): Promise<void> => {
    const now = Date.now();
    if (cache.uat === undefined || now - cache.uat < freshMs) return;
    const isStale = now - cache.uat >= staleMs;
    if (now < nextAt && !isStale) return;
    nextAt = now + pauseMs;
    try {
      await remote.reload();
    } catch (error) {
      if (isStale) throw error;
    }
  };
  const absent = new Set<string>();
  let absentAt: number | undefined;
  return async (header, token) => {
    await renew();
    const before = cache.uat;
    try {
      return await remote(header, token);
    } catch (error) {
      if (!(error instanceof jose.errors.JWKSNoMatchingKey)) throw error;
      if (absentAt !== cache.uat || absent.size >= maxAbsent) absent.clear();
      absentAt = cache.uat;
      const name = `${header?.alg} ${header?.kid}`;
      // Not among what was fetched for this very token, or for one before that named it.
      if (before !== cache.uat || absent.has(name)) {
        absent.add(name);
        throw error;
      }
      const retryAfterMs = Math.max((cache.uat ?? 0) + pauseMs - Date.now(), 0);
      throw new PipelineError('unavailable', 'the key of this token is not known yet', { retryAfterMs });
    }
  };
}
