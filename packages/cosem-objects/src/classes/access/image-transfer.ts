import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";

export const ImageTransferStatus = {
  imageTransferNotInitiated: 0,
  imageTransferInitiated: 1,
  imageVerificationInitiated: 2,
  imageVerificationSuccessful: 3,
  imageVerificationFailed: 4,
  imageActivationInitiated: 5,
  imageActivationSuccessful: 6,
  imageActivationFailed: 7,
} as const;

export const ImageToActivateInfo = T.structure({
  imageToActivateSize: T.doubleLongUnsigned,
  imageToActivateIdentification: T.octetString,
  imageToActivateSignature: T.octetString,
});
export type ImageToActivateInfo = Of<typeof ImageToActivateInfo>;
const ImageTransferInitiate = T.structure({ imageIdentifier: T.octetString, imageSize: T.doubleLongUnsigned });
export const ImageBlockTransfer = T.structure({
  imageBlockNumber: T.doubleLongUnsigned,
  imageBlockValue: T.octetString,
});

export const ImageTransferState = T.structure({
  imageIdentifier: T.octetString,
  imageSize: T.doubleLongUnsigned,
  /** The image_block_size when the transfer was initiated. */
  blockSize: T.doubleLongUnsigned,
  /** The number of blocks that have replaced an existing block. */
  replaced: T.doubleLongUnsigned,
  /** Whether an existing block may be replaced: true if verification has failed since it was received. */
  replacing: T.boolean,
  /** The instant at which verification or activation ends, ms since 1970 UTC of the meter's clock; 0: neither is in progress. */
  due: T.long64,
  /** Whether a successful verification is followed by activation. */
  activateNext: T.boolean,
});
export type ImageTransferState = Of<typeof ImageTransferState>;

/** Image transfer (class 18, version 0; Blue Book 4.4.6): a new firmware image, transferred in blocks, verified and activated. */
export const ImageTransfer = interfaceClass({
  classId: 18,
  version: 0,
  name: "Image transfer",
  attributes: {
    imageBlockSize: { id: 2, type: T.doubleLongUnsigned, static: true },
    imageTransferredBlocksStatus: { id: 3, type: T.bitString, static: false },
    imageFirstNotTransferredBlockNumber: { id: 4, type: T.doubleLongUnsigned, static: false },
    imageTransferEnabled: { id: 5, type: T.boolean, static: true },
    imageTransferStatus: { id: 6, type: T.enumOf(ImageTransferStatus), static: false },
    imageToActivateInfo: { id: 7, type: T.array(ImageToActivateInfo), static: false },
    /** The image that is being transferred, and the state of its processing. */
    state: { id: 0, type: ImageTransferState, optional: true },
  },
  methods: {
    imageTransferInitiate: { id: 1, argument: ImageTransferInitiate, mandatory: true },
    imageBlockTransfer: { id: 2, argument: ImageBlockTransfer, mandatory: true },
    imageVerify: { id: 3, argument: T.integer, mandatory: true },
    imageActivate: { id: 4, argument: T.integer, mandatory: true },
  },
  methodOffset: 0x40,
});
