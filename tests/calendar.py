"""Whether people work, for every day of the years we ship, as an independent library says.

One line a day, `2026-10-10 true`: what tests/run gives to the test that compares.
"""

import datetime

import chinese_calendar

day = datetime.date(2024, 1, 1)
while day <= datetime.date(2026, 12, 31):
    print(day.isoformat(), "true" if chinese_calendar.is_workday(day) else "false")
    day += datetime.timedelta(days=1)
