import { results } from "./cosem.ts";
import { certificates } from "./links.ts";

export const client = {
  "bad-block": "A block of a push is missing or was received twice; the push is lost, and the meter may send it again.",
  "bad-frame": "Octets that a listener for pushes received are not a frame of its link layer; check `--link`.",
  "missing-parameter": "A listener over TLS needs `tls`: a certificate, its private key and the trusted authorities.",
  "not-a-push": "A listener received an APDU that is not a push; it was dropped.",
  ...results,
  "bad-answer": "The meter's answer is not a result of this method; the message says what was received.",
  "no-short-name":
    "The short name of a method is not known, since its class does not declare it; declare the class with its `methodOffset`.",
  "bad-object-list": "The meter's object list cannot be decoded; `cause` says why.",
  "bad-profile":
    "The meter's profile cannot be decoded, since its rows do not match the capture objects; the message says where.",
  "bad-signature": certificates["bad-signature"],
  closed: "The connection was closed; connect again.",
  "counter-jump":
    "The meter expects a much higher counter; make sure that the answer came from the meter, then raise `counterJump`.",
  "deadline-passed":
    "The time limit of the whole session (`until`) has passed; raise it if the line is slow. After a SET or ACTION read back whether it was executed.",
  duplicate: "The records already have the certificate; nothing to do.",
  "image-mismatch":
    "The meter has prepared a different image from the one that was loaded; the message has both. Start the transfer again.",
  "image-not-activated": "The meter did not activate the image; the message has its image_transfer_status.",
  "image-not-transferred": "Blocks of the image are missing after all attempts; check the line, then resume.",
  "image-not-verified": "The meter refused the image, or did not verify it; the message has its status.",
  "keys-unknown":
    "After a key change neither the old keys nor the new ones open an association; the records keep both.",
  "link-lost": "The connection went down; connect again.",
  "no-answer": "The meter returned no certificate or request; look at its Security setup.",
  "no-method": "The interface class has no such method; the hint lists those that it has.",
  "no-attribute": "The interface class has no such attribute; the hint lists those that it has.",
  "no-keys": "The records have no keys of this meter; add them first.",
  "no-master-key": "The meter's master key, which wraps new keys, is not known; add it to the records.",
  "no-security-setup": "The association has no Security setup object that this client may use; use another client.",
  "not-a-renewal": "The new certificate does not renew the old one; the message says what differs.",
  "not-a-root": "A trusted certificate must be self-signed; give the root.",
  "not-an-authority": "The certificate does not belong to an authority; give the right one.",
  "not-confirmed": "The meter does not list the certificate that was imported; try again.",
  "not-renewable": "The certificate cannot be renewed this way; the message says why.",
  "not-yet-valid": certificates["not-yet-valid"],
  "reservation-failed": "The store could not reserve invocation counters; `cause` says why.",
  revoked: certificates.revoked,
  timeout: "The link was not opened in time; the hint says what to check.",
  success: "The meter answers with the result success in place of a value; the meter is at fault.",
  "unknown-certificate": "The records have no certificate with that serial number; list them.",
  "unknown-issuer": certificates["unknown-issuer"],
  "already-connected":
    "There is a session with this meter over the connection to its gateway; use it, or release it first.",
  "unknown-meter": "The records have no keys of this meter; add them.",
  unprotected: "Keys can be changed only in a ciphered association; use one.",
  "wrong-curve": "The new certificate uses a different curve from the old one; issue one on the same curve.",
  "wrong-public-key": "The new certificate does not have the public key of the request; issue it from the request.",
  "wrong-subject": certificates["wrong-subject"],
} as const;

export const server = {
  "push-destination":
    "A message has a destination for which no transport is configured; correct the Push setup or the row.",
  "push-not-sent":
    "A push could not be sent, or was not confirmed in time; the listener may be down. The server tries again.",
  "push-protection": "A push must be protected, but its client has no keys here; correct the Push setup.",
  "push-withdrawn": "The object that started the push no longer sends it; nothing to do.",
  "bad-results": "An interceptor did not return an outcome; it must return {}, { data } or { error }.",
  "hook-timeout":
    "The promise of a hook or task was not resolved within `limits.hook`; correct the hook, or raise the limit.",
  "locked-out": "The client is locked out after failed authentications; the event `locked` says until when.",
  "no-association": "A client opened no association within `limits.firstAssociation`; its connection was closed.",
  "answer-withheld":
    "An answer to a datagram source that has not authenticated was longer than `limits.datagramAnswer` allows.",
  "waits-for-itself":
    "A hook waits for a change of its own meter, which waits for the hook; use the hook's `context` instead.",
  "bad-timeline": "`next` of a timeline returned an instant that is not later than the current one; correct it.",
  "endless-reaction":
    "Objects that react to each other's changes do not come to rest; the changes of eight rounds are kept. Correct their scripts.",
  "lease-lost": "Another process has taken over the meter; connect to that process.",
  "meter-held": "Another process serves the meter; wait until it releases the meter, or connect to that process.",
  "not-kept": "The store could not save a change, so it was not made; `cause` says why.",
  "read-only":
    "A hook changed something while an attribute was read; change it in a write hook, a method or a timeline.",
  "unreadable-value":
    "A stored value cannot be decoded; `path` has table, id and column. Correct the row, or write the attribute; only this attribute is out of service.",
  "work-over": "A hook changed a value after its request had ended; use `meter.change`.",
  "bad-association": "The declaration of an association cannot be served; the message says what is wrong.",
  "bad-template": "The template of a meter is not consistent; the message says what is wrong.",
  "missing-secret": "An association needs a secret or key that is missing; the message names it.",
  "bad-address":
    "The address that another process gave is not host:port; open its store with the address of its relay listener.",
  "bad-held-policy": "Sessions cannot be forwarded without a way to reach other processes; give `held.dial`.",
  "secret-too-short":
    "A password needs at least 4 octets, a secret of high level security at least 8; give a longer one, or set `shortSecrets`.",
  "no-connection-left":
    "The meter has as many connections as its TCP-UDP setup allows; end one of them, or raise nb_of_sim_conn.",
  "port-locked": "A Communication port protection has locked the port; wait, or invoke its reset over another one.",
  "meter-unreachable":
    "A meter behind a gateway cannot be reached or has not answered in time; check its line, address and power.",
  "no-device": "The meter has no logical device with that name; correct the name.",
  "bad-row": "A row of the store cannot be used; `path` has table, id and column. The row is unchanged.",
  "no-meter": "The server has no meter with that name; correct the name.",
  "store-failed": "The store failed while a request was answered; `cause` says why. The client got an error.",
} as const;

export const simulator = {
  "bad-campaign": "The result of a read campaign cannot be read; the message and the path say where.",
  "bad-faults-file": "The faults file cannot be read; the message and the path say where.",
  "bad-identities-file": "The identities file cannot be read; the message says what is wrong with it.",
  "bad-key-length": "The key for the order of serial numbers must have 32 octets; correct it.",
  "bad-calendar": "The calendar of the model is inconsistent; the message says where.",
  "clone-too-large": "The meter has more objects than the limit of the clone; raise the limit.",
  "bad-gurux-file":
    "The file is no object collection or device file of a Gurux program, is too large, or has several devices; the message says which.",
  "bad-template-file": "A meter template cannot be used; the message and the path say where.",
  "bad-keys-file": "The keys file cannot be read; the message and the path say where.",
  "bad-load-profile": "The load profile of the model is not consistent; the message says where.",
  "bad-model": "The model is not consistent; the message says where.",
  "bad-record": "A record of sessions cannot be read; the message and the path say in which line.",
  "bad-row": "A row of the configuration cannot be used; `path` has table, id and column. The row is unchanged.",
  "identity-mismatch":
    "The store has a meter with that index but another identity; use the seed or secret with which it was created.",
  "missing-parameter": "A required option is missing; the message and the hint name it.",
  "no-port": "No port is left for the meters; give more ports.",
  "not-simulated": "The object has no simulated value; give the value itself.",
  "template-mismatch": "The store has this meter with another template; use the same template, or another meter.",
  "bad-request": "A request to the control port is not valid; the message and the path say where.",
  "internal-error": "A request to the control port failed because of an error of the program; report it.",
  "worker-unavailable":
    "A worker of the run does not answer or is being started; try again, or look whether its process is suspended.",
  "too-many-readers": "As many programs read the events of the control port as it serves; end one of them.",
  "computed-value":
    "The value of this attribute follows from the model, so it cannot be written; change what it follows from.",
  "no-day": "The profile has no column with the capture time, so it cannot be read by day; read its buffer.",
  "no-object":
    "The meter has no such object, attribute or method; the message names it. The hint says where they are listed.",
  "no-path": "The control port has no such path; GET /openapi.json lists them.",
  "no-snapshot": "There is no snapshot with that id; list them.",
  "no-session": "There is no open session with that id; list them.",
  "session-not-ended": "The process that has a session did not end it in time; look whether it runs, then try again.",
  "method-not-allowed": "The control port does not take this method at this path; the hint lists those that it takes.",
  "request-too-large": "The body of a request to the control port is too long; the message has the limit.",
  "token-needed": "The control port needs the token that it was started with; send it as a bearer token.",
  "token-too-short": "A token of the control port needs at least 16 characters; make a longer one.",
  "unknown-feeder": "There is no feeder or transformer with that name; the hint says how they are named.",
  "unknown-meter": "There is no meter with that serial number or meter id; list the meters.",
  "wrong-host":
    "A request to the control port names another host, which a foreign web page may have caused; use its address.",
  "too-many-snapshots": "There are as many snapshots as are kept; remove one.",
  "too-many-meters": "The ports do not have addresses for all meters; use more ports.",
  "unknown-fault": "There is no fault with that name; the hint lists those that there are.",
  "unknown-template": "There is no meter template with that name; the hint lists them.",
  "unknown-push-layout": "The template has no push layout with those words in its name; the hint lists its layouts.",
} as const;

export const storage = {
  "bad-row": "A row cannot be used; `path` has table, id and column. The row is unchanged.",
  "changed-migration":
    "A migration that was already applied has changed; use the package version that created the database.",
  "counter-exhausted": "2^32 invocation counters are used up; change the key.",
  "counter-replayed":
    "A client's invocation counter is not higher than the stored one, or its key was used before: the request was already executed.",
  "lease-lost": "Another process has taken the meter; take it again before changing it.",
  duplicate: "The row exists already; change it instead.",
  "folder-permissions":
    "Other users can read the PGlite folder, and its mode cannot be changed; the hint has the command.",
  "folder-in-use": "Another process uses the PGlite folder; use one process at a time, or PostgreSQL.",
  "in-use": "Another row refers to this one; remove that one first.",
  "key-encryption-key-needed": "The keys in the store are encrypted; give the key-encryption key.",
  "no-snapshot": "There is no snapshot with that id; list them.",
  "newer-database": "The database was created by a newer version; update the package.",
  "query-failed": "The database refused a query; `cause` is its error.",
  "store-closed": "The store was closed; open it again.",
  "store-unavailable": "The database cannot be reached or used; check that it runs, then try again.",
  "store-witness": "The witness file of a store cannot be read or written; the message says which.",
  "unknown-reference": "The row refers to a row that does not exist; add that one first.",
  "wrong-key-encryption-key": "The keys in the store were encrypted with another key-encryption key; give that one.",
} as const;

export const cli = {
  "parquet-missing": "Parquet files need the package hyparquet-writer; install it beside this one.",
  "prom-client-missing": "Metrics need the package prom-client; install it beside this one.",
  "control-refused": "The control port of a simulation refused a request; `detail` is the code of its Fault.",
  "no-control": "No control port answers at that address; look whether the simulation runs, and with which port.",
  "no-session": "There is no such session or meter in the store; list them with dlms sessions.",
  "session-not-ended": "The process that has a session did not end it in time; look whether it runs, then try again.",
  "bad-layout-file": "The file of `--layout` cannot be read; it must be a JSON array of attributes.",
  "bad-option": "An option or argument is wrong; the hint says what is expected.",
  "bad-state": "The state file cannot be read; correct it, or remove it to start again.",
  "counter-taken": "Another process has reserved these invocation counters; try again.",
  "file-exists": "The file exists and is not replaced; choose another name.",
  "key-in-use": "Another process uses the same key file; wait for it.",
  "no-association": "The meter has no association with that name; the hint lists them.",
  "no-column": "The profile has no column with that name; the hint lists them.",
  "no-key": "A key is missing; give it with the option.",
  "no-port": "The simulator listens on no port; give one.",
  "no-secret": "The secret is missing; give it with the option.",
  "no-such-file": "There is no such file; correct the name.",
  "not-confirmed": "The meter does not return what was written; read it again.",
  "not-written": "The file could not be written; `cause` says why.",
  "object-undefined": "There is no such object; `dlms discover` lists them.",
  "system-error":
    "The operating system reported an error; `detail` is its code, the message names the path or the call.",
  "unknown-certificate": "There is no certificate with that serial number; list them.",
  "unknown-issuer": "The issuer of the certificate is not in the folder; add it.",
  "wrong-subject": "The certificate is for another system title or name; give the right one.",
} as const;
