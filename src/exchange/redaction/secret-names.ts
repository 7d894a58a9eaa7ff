/** What a name says of its value: surely a secret, one only if it looks like one, or nothing. */
export type NameClass = 'secret' | 'doubtful' | null;

/** Ends of names, separators left out: `access_token`, `x-api-key`, `openaiApiKey`, `AWS_SECRET_ACCESS_KEY`. */
const SECRET_END =
  /(?:accesstoken|refreshtoken|idtoken|authtoken|csrftoken|xsrftoken|sessiontoken|securitytoken|bearertoken|apitoken|usertoken|devicetoken|bottoken|apikey|apisecret|authorization|jwt|password|passwd|passphrase|passcode|pwd|secret|clientsecret|secretkey|secretaccesskey|signingkey|encryptionkey|accountkey|sharedaccesskey|subscriptionkey|functionskey|masterkey|privatekey|xamzsignature|xamzcredential|xamzsecuritytoken|xgoogsignature|xgoogcredential|clientassertion|samlresponse|otp|totp|onetimecode|mfacode|cvv|cvc)$/;
/** In an address they are often secrets; in an event they are often just words: `{"token":"Hel"}`. */
const DOUBTFUL =
  /^(?:token|auth|signature|sig|sign|hmac|credential|credentials|key|code|ticket|sessionid|session|sess|pass|pin|cookie|assertion|accesskey|accesskeyid)$/;

/** In an address these are secrets, whatever they look like. */
const ADDRESS_SECRET = /^(?:token|auth|signature|sig|hmac|credentials?|key|code|pass)$/;

const cache = new Map<string, NameClass>();
/** Pages have a few hundred names; a hostile one may have any number. */
const MAX_CACHED = 5000;

/** For members of JSON, form fields and parameters of addresses. */
export function classOfName(name: string): NameClass {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const bare = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const found = SECRET_END.test(bare) ? 'secret' : DOUBTFUL.test(bare) ? 'doubtful' : null;
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(name, found);
  return found;
}

const SECRET_HEADER =
  /^(?:authorization|proxy-authorization|x-functions-key|x-amz-security-token|x-master-key)$|token|secret|passw|api-?key|auth-?key|access-?key|subscription-key|session|credential|jwt|signature|assertion|client-cert/i;
const PLAIN_HEADER =
  /^(?:sec-websocket-key|x-csrf-header|access-control-.*|signature-input|www-authenticate)$/i;

export function isSecretHeader(name: string): boolean {
  return SECRET_HEADER.test(name) && !PLAIN_HEADER.test(name);
}

/** Whether a parameter of an address is a secret by its name alone. */
export function isSecretParameter(name: string): boolean {
  return classOfName(name) === 'secret' || ADDRESS_SECRET.test(name.toLowerCase());
}
