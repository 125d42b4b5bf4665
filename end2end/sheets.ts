// Workbooks that tests upload and download.
import type { Download, Page } from "@playwright/test";
import { readSheet } from "read-excel-file/node";
import writeXlsxFile from "write-excel-file/node";

type Row = Record<string, string>;

/** Columns of I-02 in the order of the template; a test names the cells it cares about. */
const BUILDING = [
  "项目名称", "小区名称", "所属区县", "小区地址", "楼栋号", "地上层数", "楼栋经度", "楼栋纬度", "坐标系", "建筑结构", "单元号", "楼层", "房号",
  "户型", "建筑面积(㎡)", "使用面积(㎡)", "套内面积(㎡)", "朝向", "装修", "住房管理单位", "住房类别", "租金标准编码", "产权证号",
  "不动产单元号", "状态", "备注",
];
const REQUIRED = new Set([
  "项目名称", "小区名称", "所属区县", "小区地址", "楼栋号", "单元号", "楼层", "房号", "户型", "建筑面积(㎡)", "使用面积(㎡)", "住房管理单位",
]);

/** An I-02 workbook with these rows below the header. */
export async function buildingWorkbook(rows: Row[]): Promise<Buffer> {
  const header = BUILDING.map((name) => (REQUIRED.has(name) ? `*${name}` : name));
  return workbook([header, ...rows.map((row) => BUILDING.map((name) => row[name] ?? ""))]);
}

/** Columns of I-08 in the order of the template. */
const PERSON = [
  "姓名", "人员类型", "证件类型", "证件号码", "手机号", "性别", "民族", "学历", "户籍地址", "现住址", "工作单位", "紧急联系人", "紧急联系电话", "所属机构",
];
const PERSON_REQUIRED = new Set(["姓名", "人员类型", "证件类型", "证件号码", "手机号", "所属机构"]);

/** An I-08 workbook with these rows below the header. */
export async function personWorkbook(rows: Row[]): Promise<Buffer> {
  const header = PERSON.map((name) => (PERSON_REQUIRED.has(name) ? `*${name}` : name));
  return workbook([header, ...rows.map((row) => PERSON.map((name) => row[name] ?? ""))]);
}

/** A workbook with one sheet of text. */
export async function workbook(rows: string[][]): Promise<Buffer> {
  return writeXlsxFile(rows.map((row) => row.map((value) => ({ value, type: String })))).toBuffer();
}

/** Clicks what downloads a workbook and reads its first sheet. */
export async function downloaded(page: Page, click: () => Promise<void>): Promise<string[][]> {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return rowsOf(download);
}

async function rowsOf(download: Download): Promise<string[][]> {
  const rows = await readSheet(await download.path());
  return rows.map((row) => row.map((cell) => (cell === null ? "" : String(cell))));
}
