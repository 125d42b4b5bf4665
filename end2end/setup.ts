// Before the first journey: the plan that makes everybody's bills on the hour would come between journeys that make their own.
import { query } from "./fixtures";

export default async function setup(): Promise<void> {
  await query("update job_plan set enabled = false where code = 'BILLING'");
}
