export const hdlc = {
  "bad-llc": "The octets before the APDU are not an LLC header; it must be E6 E6 00 or E6 E7 00.",
  "bad-address": "An HDLC address does not have 1, 2 or 4 octets, or a part of it does not fit; correct the address.",
  "bad-format": "The parameters of SNRM or UA do not start with the format identifier 0x81; the sender is at fault.",
  "bad-group": "The parameters of SNRM or UA do not have the group identifier 0x80; the sender is at fault.",
  "bad-parameters":
    "The parameters in UA cannot be read, or are greater than proposed; the quirk `ua-above-proposal` accepts greater ones.",
  "fcs-mismatch": "The frame check sequence is wrong; octets were changed on the line.",
  "frame-format-type": "The frame is not of format type 3; it is not HDLC of DLMS, or the line is noisy.",
  "frame-rejected": "The server rejected a frame (FRMR); connect again, and look at the frame that was sent last.",
  "frame-too-long":
    "The frame, or its information field, is longer than was negotiated or than 2047 octets; use shorter ones.",
  "frame-too-short": "The length field leaves no room for a frame; the octets are not a frame.",
  "hcs-mismatch": "The header check sequence is wrong; octets were changed on the line.",
  "inter-octet-timeout": "A frame was not finished in time; raise `interOctet` on a slow line.",
  "length-mismatch": "The length field does not match the number of octets between the flags; they were split wrongly.",
  "link-refused":
    "The server answers with DM: it refuses the link or has lost it; check the addresses, then connect again.",
  "message-too-long":
    "The segments of a message have more octets than `maxMessage`; raise it if such a message is real.",
  "no-answer": "The server did not answer after all retries; check the address, the line and its speed.",
  "no-closing-flag": "There is no flag at the end that the length field gives; the frame is cut or damaged.",
  "no-opening-flag": "A frame does not start with 0x7E; the octets are not a frame.",
  noise: "There are octets between frames that are not part of a frame; ignore them, or check the line.",
} as const;

export const wrapper = {
  "bad-version": "The wrapper version is not 1; the peer does not use the wrapper, or the stream was split wrongly.",
  "no-address": "A server cannot send before it has received something from a client; give the client's address.",
  "pdu-too-long": "The PDU is longer than 65535 octets; use block transfer.",
} as const;

export const mbus = {
  "bad-start": "A long frame does not start with 0x68; the octets are not wired M-Bus.",
  "bad-stop": "A long frame does not end with 0x16; the octets were split wrongly.",
  "frame-too-long": "The data does not fit into one M-Bus frame; send several segments.",
  incomplete: "The last segments of a message are missing: they have not arrived yet, or the capture ends too early.",
  "mbus-checksum": "The checksum of the frame is wrong; octets were changed on the line.",
  "missing-segment": "A segment of a message is missing; the message is lost, wait for the next.",
  "no-answer":
    "The meter did not answer after all retries or polls; check its primary address, the line, its speed and its parity.",
  noise: "There are octets between frames that are not part of a frame; ignore them, or check the line.",
  "not-dlms": "The frame carries no DLMS APDU (another CI field); ignore it.",
  "pdu-too-long": "The segments have more octets than the limit; raise it if such a message is real.",
} as const;

export const iec6205621 = {
  "bad-baud-rate": "The protocol mode cannot change to that baud rate; the hint lists the possible ones.",
  "bad-data-set":
    "A data set is not address(value*unit); `offset` says where. The meter is at fault, or the line is noisy.",
  "bad-message": "The octets are not a message of IEC 62056-21, or not the expected one; check the line.",
  "bad-tag":
    "The authentication tag of a telegram is wrong; check both keys. If they are right, the telegram was altered.",
  "bcc-mismatch": "The block check character is wrong; octets were changed on the line. Ask for the block again.",
  "mode-not-offered": "The meter does not offer mode E; connect without it, or read its data message.",
  "no-answer":
    "No meter answers the request; check the optical head, the device address, and the baud rate and data bits of the port.",
  "crc-mismatch": "The CRC of a telegram is wrong; octets were changed on the line. Wait for the next telegram.",
} as const;

/** What can be wrong with the certificate of a peer: in TLS, with signatures, and in certificate management. */
export const certificates = {
  "bad-private-key":
    "The private key is not valid for its curve, or does not belong to the certificate; give a matching pair.",
  "bad-signature": "A signature is wrong: the data were altered, or the public key is not the signer's.",
  expired: "The certificate has expired; renew it, or set the clocks right.",
  "not-yet-valid": "The certificate is not valid yet; set the clocks right, or wait.",
  "revocation-unknown": "No current revocation list covers the certificate; give one of every authority.",
  revoked: "The certificate was revoked; its owner needs a new one.",
  "unknown-issuer": "The certificate is not from a trusted authority; give the root and the intermediate certificates.",
  "wrong-subject": "The certificate is for another system title or name; give the right one.",
  "wrong-usage": "The certificate is not for this use; issue one with the right key usage.",
} as const;

export const transport = {
  ...certificates,
  aborted: "The AbortSignal ended the attempt to connect; nothing to do.",
  "address-in-use": "Another program uses that port; choose another port, or 0 for any.",
  "address-not-available":
    "This machine does not have that address; use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.",
  "bad-certificate": "The certificate, key or list for TLS cannot be read; give it in PEM or DER.",
  "bad-port": "The port is not a number from 0 (or 1) to 65535; correct it.",
  "certificate-missing": "One end sent no certificate; both ends of DLMS over TLS need one.",
  "certificate-refused": "The peer does not accept this end's certificate; its log says why.",
  "circuit-open":
    "The last attempts to connect to this destination failed, so none is made for a while; the message says when the next one is made.",
  "connect-timeout": "The host does not answer; check address, network and firewall.",
  "connection-refused": "Nothing listens at that port; start the meter or the simulator, or correct the port.",
  "connection-reset": "The peer has reset the connection; connect again. The peer's log may say why.",
  "contract-broken":
    "A transport called its handlers in the wrong order. This occurs only in the test suite for transports; correct the transport.",
  "deadline-passed":
    "The time limit of the whole operation has passed; the message has the last failure. Raise the deadline if the line is slow.",
  "dial-failed": "The modem could not reach the number; the message has what it said (BUSY, NO CARRIER …).",
  "modem-silent": "The modem does not answer AT commands; check the port and its baud rate.",
  "datagram-too-long": "The PDU is too long for a datagram; use a smaller PDU size.",
  "handler-failed": "A handler of the connection threw: `cause` is its error. Only this connection was ended.",
  "line-lost": "The serial port is gone: the device was unplugged or its driver stopped; plug it in and open it again.",
  "link-broken": "The received octets cannot be decoded, or the peer sent nothing for too long; connect again.",
  "never-idle": "The timers of a VirtualClock set new timers endlessly; advance by a time instead.",
  "no-shared-cipher": "The two ends have no TLS cipher suite in common; ECDHE-ECDSA with AES-GCM is usual.",
  "not-permitted": "The operating system does not permit it; ports below 1024 need a privilege.",
  "not-tls": "The peer does not use TLS; check the port.",
  "no-such-port": "There is no serial port with that name; check the name, and that the device is plugged in.",
  "peer-does-not-read":
    "The peer did not read the octets that were sent to it, and its connection was closed; raise `maxBufferedOctets` if the peer is only slow.",
  "port-in-use": "Another program has the serial port open; close it there.",
  "serialport-missing": "Serial ports need the npm package serialport, which is not installed: npm install serialport.",
  "tls-failed": "The TLS handshake failed; the message has the reason, and the peer's log may have more.",
  "tls-version": "The two ends have no TLS version in common; at least 1.2 is needed.",
  "too-many-connections": "The listener has reached its limit of connections; raise the limit, or close some.",
  "too-many-open-files": "The process has no file descriptor left; raise the limit (ulimit -n).",
  "transport-failed": "The transport failed in another way; `cause` is the error of the operating system.",
  "unknown-host": "The host name is unknown; check it, or give the address.",
  unreachable: "There is no route to that host or network; check address and network.",
} as const;
