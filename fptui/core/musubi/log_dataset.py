"""What a log tells of the data sets: how much is in them, in which batches, and how much of it is cached."""

from fptui.core.musubi import log_patterns as say


class DataSets:
    """Fed the lines of the data sets' descriptions and, by the caching programs, of their work."""

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []
        self._items: list[int] = []
        self._bucket_items = 0
        self._batches = 0
        self._in_description = False
        self._encoding: int | None = None
        self._batches_encoded: dict[int, int] = {}
        self._encoded: set[int] = set()
        self._latents_cached = 0

    @property
    def train_items(self) -> int | None:
        """With repeats, as the trainer counts them; the caching programs do not say."""
        return self._bucket_items or None

    @property
    def batches_per_epoch(self) -> int | None:
        return self._batches or None

    def description(self, message: str) -> None:
        self._in_description = say.DATASET.match(message) is not None

    def option(self, message: str) -> None:
        """An indented line; only those of a description count."""
        size = say.DATASET_BATCH_SIZE.match(message) if self._in_description else None
        if size:
            self.batch_sizes.append(int(size[1]))

    def items_found(self, message: str) -> None:
        found = say.ITEMS_FOUND.match(message)
        if found:
            self._items.append(int(found[1] or found[2]))

    def bucket(self, message: str) -> None:
        found = say.BUCKET.match(message)
        if found:
            self._bucket_items += int(found[1])

    def batches(self, message: str) -> None:
        found = say.NUMBER_AT_END.search(message)
        if found:
            self._batches += int(found[1])

    def encoding(self, message: str) -> bool:
        """Whether the work on a data set begins."""
        match = say.ENCODING_DATASET.match(message)
        if match:
            self._encoding = int(match[1])
        return match is not None

    def batch_encoded(self, batches: int) -> None:
        """So many are done of the data set under work."""
        if self._encoding is not None:
            self._batches_encoded[self._encoding] = batches

    def bar_closed(self) -> None:
        """The data set under work is done."""
        if self._encoding is not None:
            self._encoded.add(self._encoding)

    def latents_cached(self) -> None:
        self._latents_cached += 1

    @property
    def all_encoded(self) -> bool:
        return len(self._encoded) >= max(1, len(self.batch_sizes))

    @property
    def to_cache(self) -> int | None:
        return sum(self._items) if self._items else None

    def cached(self, *, is_text: bool) -> int | None:
        """Items done so far. The text program says nothing of single items; it takes them in batches, in order, and
        only the last of a data set is smaller (musubi-tuner's dataset/image_video_dataset.py)."""
        if self.all_encoded and self._items:
            return self.to_cache
        if not is_text:
            return self._latents_cached
        if len(self._items) != len(self.batch_sizes):
            return None
        done = ((index, batches) for index, batches in self._batches_encoded.items() if index < len(self._items))
        return sum(min(self._items[index], batches * self.batch_sizes[index]) for index, batches in done)
