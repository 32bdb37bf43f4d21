"""What comes back for a request of a batch, and what that means for its rows, the limits and the provider's health."""

from collections import Counter

from cityweather.errors import Fault, WeatherError
from cityweather.runtime import metrics
from cityweather.weather.admission import RequestAdmission
from cityweather.weather.batch_queue import BatchQueue, BatchRow, Call, Kind
from cityweather.weather.failure_detector import FailureDetector, ProviderHealth
from cityweather.weather.providers.base import AskedPlace, Provider, Response, Weather
from cityweather.weather.result_buffer import ResultBuffer


class AnswerReader:
    """Reads the answers to one batch. Times are monotonic seconds."""

    def __init__(
        self,
        provider: Provider,
        queue: BatchQueue,
        results: ResultBuffer,
        *,
        admission: RequestAdmission,
        detector: FailureDetector,
        health: ProviderHealth,
    ) -> None:
        self._provider = provider
        self._queue = queue
        self._results = results
        self._admission = admission
        self._detector = detector
        self._health = health
        self.outcomes: Counter[str] = Counter()  # requests by HTTP status or error code

    def read(self, call: Call, outcome: Response | WeatherError, now: float) -> None:
        result = str(outcome.status) if isinstance(outcome, Response) else outcome.code
        self.outcomes[result] += 1
        metrics.observe("fetch_seconds", now - call.started, provider=self._provider.name, outcome=result)
        try:
            self._read(call, outcome, now)
        except WeatherError as error:
            self._failed(call, error, now)

    def _read(self, call: Call, outcome: Response | WeatherError, now: float) -> None:
        """Raises WeatherError for what concerns the whole call."""
        if not isinstance(outcome, Response):
            raise outcome
        if call.kind is Kind.GEOCODE:
            place = self._provider.geocoder.parse(call.places[0], outcome)
            self._health.record_success(now)
            self._geocoded(call, place)
        else:
            answers = self._provider.parse(call.places, outcome)
            self._health.record_success(now)
            if call.rows:
                self._rows_answered(call, answers, now)
        if call.probe:
            self._probe_answered(call, now)

    def _geocoded(self, call: Call, place: AskedPlace) -> None:
        self._queue.put_back([row for row in call.rows if self._results.geocoded(row, place)])

    def _rows_answered(self, call: Call, answers: list[Weather | WeatherError], now: float) -> None:
        unread = []
        for row, answer in zip(call.rows, answers, strict=True):
            if not isinstance(answer, WeatherError):
                self._results.answered(row, answer.pack())
                self._health.reference = row.place
            elif answer.fault is Fault.CITY:
                self._results.fail(row, answer.code, remember=True)
            else:
                unread.append(row)
        if unread:
            self._detector.record_failure(Call(unread, started=call.started), None, now)

    def _probe_answered(self, call: Call, now: float) -> None:
        if call.kind is Kind.GEOCODE and call.rows:
            self._detector.probe_lost()  # the weather there is still to be asked for
        elif self._detector.probe_answered(now) and self._admission.half_open:
            self._admission.probe_succeeded()
            self._health.ask_reference = False
            self._health.record_outage()

    def _failed(self, call: Call, error: WeatherError, now: float) -> None:
        match error.fault:
            case Fault.CITY:
                self._health.record_success(now)
                self._refuse(call.rows, error, now)
                if call.probe:
                    self._probe_answered(call, now)
            case Fault.OUTAGE if not call.probe:
                self._detector.record_failure(call, error.retry_after, now)
            case Fault.OUTAGE:
                self._detector.probe_failed(call)
                # A row's Retry-After may concern its city only; the reference city speaks for the provider.
                self._admission.provider_failed(None if call.rows else error.retry_after, error.code)
            case Fault.QUOTA:
                self._put_back(call)
                self._admission.throttled(error.retry_after)
            case Fault.KEY:
                self._put_back(call)
                self._admission.key_refused()

    def _refuse(self, rows: list[BatchRow], error: WeatherError, now: float) -> None:
        """One bad city fails the whole call: halve until it is alone."""
        if len(rows) == 1:
            self._results.fail(rows[0], error.code, remember=True)
            return
        half = len(rows) // 2
        for part in filter(None, (rows[:half], rows[half:])):
            self._queue.retry_at(part, now)

    def _put_back(self, call: Call) -> None:
        self._queue.put_back(call.rows)
        if call.probe:
            self._detector.probe_lost()
