import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem } from "../common-types.ts";

const SeasonProfile = T.structure({
  seasonProfileName: T.octetString,
  seasonStart: T.dateTimeOctets,
  weekName: T.octetString,
});
const WeekProfile = T.structure({
  weekProfileName: T.octetString,
  monday: T.unsigned,
  tuesday: T.unsigned,
  wednesday: T.unsigned,
  thursday: T.unsigned,
  friday: T.unsigned,
  saturday: T.unsigned,
  sunday: T.unsigned,
});
const DayProfileAction = T.structure({
  startTime: T.timeOctets,
  scriptLogicalName: T.logicalName,
  scriptSelector: T.longUnsigned,
});
const DayProfile = T.structure({ dayId: T.unsigned, daySchedule: T.array(DayProfileAction) });

/**
 * Activity calendar (class 20, version 0; Blue Book 4.5.5): scripts by season, week and day; activation copies the passive calendar to the
 * active one.
 */
export const ActivityCalendar = interfaceClass({
  classId: 20,
  version: 0,
  name: "Activity calendar",
  attributes: {
    calendarNameActive: { id: 2, type: T.octetString, static: true },
    seasonProfileActive: { id: 3, type: T.array(SeasonProfile), static: true },
    weekProfileTableActive: { id: 4, type: T.array(WeekProfile), static: true },
    dayProfileTableActive: { id: 5, type: T.array(DayProfile), static: true },
    calendarNamePassive: { id: 6, type: T.octetString, static: true },
    seasonProfilePassive: { id: 7, type: T.array(SeasonProfile), static: true },
    weekProfileTablePassive: { id: 8, type: T.array(WeekProfile), static: true },
    dayProfileTablePassive: { id: 9, type: T.array(DayProfile), static: true },
    activatePassiveCalendarTime: { id: 10, type: T.dateTimeOctets, static: true },
    /** Whether the passive calendar still has to be activated at that time, and the script that was run last. */
    state: { id: 0, type: T.structure({ activationPending: T.boolean, last: ActionItem }), optional: true },
  },
  methods: {
    activatePassiveCalendar: { id: 1, argument: T.integer },
  },
  methodOffset: 0x50,
});
