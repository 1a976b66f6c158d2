import { results } from "./cosem.ts";
import { certificates } from "./links.ts";

export const client = {
  "bad-block": "A block of a push is missing or came twice; the push is lost, and the meter may send it again.",
  "bad-frame": "Octets on a line of pushes are no frame of the link; check `--link`.",
  "missing-parameter": "A listener over TLS needs `tls`: a certificate, its key and whom to trust.",
  "not-a-push": "Something else than a push came to a listener; it was dropped.",
  ...results,
  "bad-answer": "The meter's answer is none that the method can give; the message says what came.",
  "bad-object-list": "The meter's object list cannot be read; `cause` says why.",
  "bad-profile": "The meter's profile cannot be read: its capture objects and rows do not fit; the message says where.",
  "bad-signature": certificates["bad-signature"],
  closed: "The connection was closed; connect again.",
  "counter-jump": "The meter expects a counter far ahead; make sure that it was the meter, then raise `counterJump`.",
  duplicate: "The certificate is in the records already; nothing to do.",
  "image-mismatch": "The meter would activate another image than was loaded; the message has both. Initiate anew.",
  "image-not-activated": "The meter did not activate the image; the message has its image_transfer_status.",
  "image-not-transferred": "Blocks of the image are still missing after all tries; look at the line, then resume.",
  "image-not-verified": "The meter found the image to be bad, or did not verify it; the message has its status.",
  "keys-unknown":
    "After a key change neither the old keys nor the new ones open an association; the records keep both.",
  "link-lost": "The connection went down; connect again.",
  "no-answer": "The meter gave no certificate or request; look at its Security setup.",
  "no-method": "The interface class has no such method; the hint lists those that it has.",
  "no-attribute": "The interface class has no such attribute; the hint lists those that it has.",
  "no-keys": "There are no keys of this meter to change; give them to the records first.",
  "no-master-key": "The master key of the meter is not known, under which new keys travel; give it to the records.",
  "no-security-setup": "The association has no Security setup object that this client may use; use another client.",
  "not-a-renewal": "The new certificate does not renew the old one; the message says what differs.",
  "not-a-root": "A trusted authority must have signed itself; give the root.",
  "not-an-authority": "The certificate is no authority's; give the right one.",
  "not-confirmed": "The meter does not show the certificate that it was given; try again.",
  "not-renewable": "The certificate cannot be renewed this way; the message says why.",
  "not-yet-valid": certificates["not-yet-valid"],
  "reservation-failed": "The store reserved no invocation counters; `cause` says why.",
  revoked: certificates.revoked,
  timeout: "The link was not opened in time; the hint says what to look at.",
  success: "The meter answers with the result success where a value belongs; the meter is at fault.",
  "unknown-certificate": "There is no certificate of that number in the records; list them.",
  "unknown-issuer": certificates["unknown-issuer"],
  "unknown-meter": "The records have no keys of this meter; add them.",
  unprotected: "Keys may only be changed in an association that is ciphered; use one.",
  "wrong-curve": "The new certificate is on another curve than the old one; issue one on the same.",
  "wrong-public-key": "The new certificate has another public key than the request; issue it from the request.",
  "wrong-subject": certificates["wrong-subject"],
} as const;

export const server = {
  "push-destination":
    "A message names a destination that cannot be reached from here; correct the Push setup or the row.",
  "push-not-sent": "A push did not leave, or was not confirmed in time; the listener may be down. It is tried again.",
  "push-protection": "A push is to be protected, and its client has no keys here; correct the Push setup.",
  "push-withdrawn": "The object that told the push does not send it any more; nothing to do.",
  "bad-results": "An interceptor gave no outcome; it gives {}, { data } or { error }.",
  "hook-timeout":
    "A hook or task did not come to its end within `limits.hook`; let its promise resolve, or raise the limit.",
  "locked-out": "The client is locked out after failed authentications; the event `locked` says until when.",
  "no-association": "A client opened no association within `limits.firstAssociation`; its connection was closed.",
  "answer-withheld":
    "An answer to a datagram source that has not authenticated was longer than `limits.datagramAnswer` allows.",
  "waits-for-itself":
    "A hook waits for a change of its own meter, which waits for the hook; use what the hook is given instead.",
  "bad-timeline": "What an object does in time gives a next instant that is not later; correct its `next`.",
  "endless-reaction":
    "Objects that watch one another keep changing one another; what they did in eight rounds stands. Correct what they run.",
  "lease-lost": "Another process has the meter now; connect to that one.",
  "meter-held": "Another process has the meter; wait until it lets go, or connect to that one.",
  "not-kept": "The store could not keep a change, and it was not made; `cause` says why.",
  "read-only":
    "A hook changed something while an attribute was read; change it in a write hook, a method or a timeline.",
  "unreadable-value":
    "A kept value cannot be decoded; `path` has table, id and column. Correct the row, or write the attribute: only it is out of service.",
  "work-over": "A hook changed something after its request had ended; use `meter.change` for that.",
  "bad-association": "The declaration of an association cannot be served; the message says what is wrong.",
  "bad-template": "The template of a meter is not consistent; the message says what is wrong.",
  "missing-secret": "An association needs a secret or key that was not given; the message names it.",
  "bad-address":
    "The address that another process gave is not host:port; open its store with that of its relay listener.",
  "bad-held-policy": "Sessions are to be forwarded and nothing tells how another process is reached; give `held.dial`.",
  "secret-too-short":
    "A password has 4 octets at least, a secret of high level security 8; give a longer one, or set `shortSecrets`.",
  "port-locked": "A Communication port protection has locked the port; wait, or invoke its reset over another one.",
  "no-device": "The meter has no logical device of that name; correct the name.",
  "no-meter": "The server has no meter of that name; correct the name.",
  "store-failed":
    "The store failed while a request was answered; `cause` says how, and the client was told of a failure.",
} as const;

export const simulator = {
  "bad-key-length": "The key of an order of meters has not 32 octets; give one that has.",
  "bad-calendar": "The calendar of the model is not consistent; the message says where.",
  "bad-keys-file": "The file of keys cannot be followed; the message and the path say where.",
  "bad-load-profile": "The load profile of the model is not consistent; the message says where.",
  "bad-model": "The model is not consistent; the message says where.",
  "bad-row":
    "A row of configuration cannot be followed; `path` has table, id and column, and the row was left as it is.",
  "identity-mismatch":
    "The store has a meter of that index with another identity; use the seed or secret that it was made with.",
  "no-port": "No port is left for the meters; give more ports.",
  "not-simulated": "The object has no simulated value; give the value itself.",
  "template-mismatch": "The store has this meter with another template; use the same template, or another meter.",
  "too-many-meters": "There are more meters than addresses behind one port; use more ports.",
  "unknown-template": "There is no meter template of that name; the hint lists them.",
} as const;

export const storage = {
  "bad-row": "A row cannot be followed; `path` has table, id and column, and the row was left as it is.",
  "changed-migration":
    "A migration that was applied has changed since; use the version of the package that made the database.",
  "counter-exhausted": "2^32 invocation counters are used up; change the key.",
  "counter-replayed":
    "A client's counter is not higher than the one kept, or its key was used before: the request was executed before.",
  "lease-lost": "Another process has taken the meter; take it again before changing it.",
  duplicate: "There is such a row already; change it instead.",
  "folder-permissions":
    "Others can look into the PGlite folder, and its mode cannot be narrowed; the hint has the command.",
  "folder-in-use": "Another process has the PGlite folder; use one process at a time, or PostgreSQL.",
  "in-use": "Another row names this one; remove that one first.",
  "key-encryption-key-needed": "The keys of the store are sealed; give the key-encryption key.",
  "newer-database": "The database was made by a newer version; update the package.",
  "query-failed": "The database refused a query; `cause` is its error.",
  "store-closed": "The store was closed; open it again.",
  "store-unavailable": "The database cannot be reached or refuses to work; check that it runs, then try again.",
  "store-witness": "The witness file of a store cannot be read or written; the message says which.",
  "unknown-reference": "The row names another one that is not there; add that one first.",
  "wrong-key-encryption-key": "The keys of the store were sealed with another key; give that one.",
} as const;

export const cli = {
  "bad-layout-file": "The file of `--layout` cannot be followed; it is an array of attributes.",
  "bad-identities-file": "The file of identities cannot be followed; the message says where.",
  "bad-option": "An option of the command cannot be used so; the hint says how.",
  "bad-state": "The file of state cannot be read; mend it, or remove it to start anew.",
  "counter-taken": "Another process took these invocation counters; try again.",
  "file-exists": "The file is there already and is not replaced; choose another name.",
  "key-in-use": "Another process uses the same key file; wait for it.",
  "no-association": "The meter has no association of that name; the hint lists them.",
  "no-column": "The profile has no column of that name; the hint lists them.",
  "no-key": "A key is missing; give it by the option.",
  "no-port": "The simulator listens at no port; give one.",
  "no-secret": "The secret is missing; give it by the option.",
  "no-such-file": "There is no such file; correct the name.",
  "not-confirmed": "The meter does not show what it was given; read it again.",
  "not-written": "The file could not be written; `cause` says why.",
  "object-undefined": "There is no such object; `dlms discover` lists them.",
  "system-error": "The operating system refused a file or a call; `detail` is its code, the message names the path.",
  "unknown-certificate": "There is no certificate of that number; list them.",
  "unknown-issuer": "The issuer of the certificate is not in the folder; add it.",
  "wrong-subject": "The certificate is for another system title or name; give the right one.",
} as const;
