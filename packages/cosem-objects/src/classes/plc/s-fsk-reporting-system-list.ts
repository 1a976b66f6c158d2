import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** S-FSK Reporting system list (class 56, version 0; Blue Book 4.10.8): the system titles that have reported. */
export const SfskReportingSystemList = interfaceClass({
  classId: 56,
  version: 0,
  name: "S-FSK Reporting system list",
  attributes: {
    reportingSystemList: { id: 2, type: T.array(T.octetString), static: false },
  },
  methods: {},
});
