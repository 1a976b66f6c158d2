import { CommunicationPort, type CommunicationPorts, checkRow, HdlcSetting, type HdlcSettings } from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

const selectHdlc = `
  SELECT t.id, t.device_address, t.window_size_transmit, t.window_size_receive, t.max_info_field_len_transmit,
    t.max_info_field_len_receive, t.inter_octet_timeout, t.inactivity_timeout, ${msOf("t.created_at")}
  FROM hdlc_settings t`;

const insertHdlc = `
  INSERT INTO hdlc_settings (device_address, window_size_transmit, window_size_receive, max_info_field_len_transmit,
    max_info_field_len_receive, inter_octet_timeout, inactivity_timeout, created_at)
  VALUES ($1::int, $2::int, $3::int, $4::int, $5::int, $6::int, $7::int, ${utcNow})
  RETURNING id`;

const replaceHdlc = `
  UPDATE hdlc_settings
  SET device_address = $1::int, window_size_transmit = $2::int, window_size_receive = $3::int,
    max_info_field_len_transmit = $4::int, max_info_field_len_receive = $5::int, inter_octet_timeout = $6::int,
    inactivity_timeout = $7::int
  WHERE id = $8::int
  RETURNING id`;

export function pgHdlcSettings(db: Database): HdlcSettings {
  return new PgRows<HdlcSetting>(db, {
    table: "hdlc_settings",
    select: selectHdlc,
    insert: insertHdlc,
    replace: replaceHdlc,
    groups: "SELECT DISTINCT 'all' AS key FROM hdlc_settings",
    check: (row) => checkRow(HdlcSetting, row),
    read: (row) => storedRowOf(HdlcSetting, row),
    parameters: (row) => parametersOf(HdlcSetting, row),
  });
}

const selectPort = `
  SELECT t.id, t.port_type, t.port_number, t.baud_rate, t.data_bits, t.stop_bits, t.parity, t.flow_control,
    ${msOf("t.created_at")}
  FROM communication_ports t`;

const insertPort = `
  INSERT INTO communication_ports (port_type, port_number, baud_rate, data_bits, stop_bits, parity, flow_control, created_at)
  VALUES ($1::text, $2::int, $3::int, $4::int, $5::int, $6::text, $7::text, ${utcNow})
  RETURNING id`;

const replacePort = `
  UPDATE communication_ports
  SET port_type = $1::text, port_number = $2::int, baud_rate = $3::int, data_bits = $4::int, stop_bits = $5::int,
    parity = $6::text, flow_control = $7::text
  WHERE id = $8::int
  RETURNING id`;

export function pgCommunicationPorts(db: Database): CommunicationPorts {
  return new PgRows<CommunicationPort>(db, {
    table: "communication_ports",
    select: selectPort,
    insert: insertPort,
    replace: replacePort,
    groups: "SELECT DISTINCT 'all' AS key FROM communication_ports",
    check: (row) => checkRow(CommunicationPort, row),
    read: (row) => storedRowOf(CommunicationPort, row),
    parameters: (row) => parametersOf(CommunicationPort, row),
  });
}
