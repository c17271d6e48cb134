"""A Kafka of the tests' own: one node without ZooKeeper, of the packages on Maven Central."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from certificates import Authority
from waiting import POLL_S, free_port, stop, wait_port

VERSION = "3.9.1"
FETCHED_S_MAX = 240.0
STARTED_S_MAX = 60.0
READ_S_MAX = 60.0
_NO_LEADER = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
USER, PASSWORD = "tailrace", "planted-kafka-password"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
    <version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""


class Broker:
    """A node with listeners of several kinds; it can be killed and started again.

    `plain` is open, `scram` and `encrypted` (TLS with a certificate for localhost) ask for a
    password, and `elsewhere` is open but names an address where nobody is. `proxied` is open and
    names the port `before_it`, where a test may listen.
    """

    def __init__(self, directory: Path, java: str) -> None:
        self.authority = Authority()
        self._directory = directory
        self._java = java
        self._process: subprocess.Popen[bytes] | None = None
        ports = [free_port() for _ in range(7)]
        self.plain, self.scram, self.encrypted, self.elsewhere = ports[:4]
        self.proxied, self.before_it = ports[4:6]
        self._configure(controller=ports[6])

    def format(self) -> None:
        scram = [
            word
            for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for word in ("--add-scram", f"{kind}=[name={USER},password={PASSWORD}]")
        ]
        arguments = ["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", self._file, *scram]
        done = subprocess.run(
            self._command("kafka.tools.StorageTool", *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        output = self._directory / "output.txt"
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", self._file),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        wait_port(self.plain, self._process, within_s=STARTED_S_MAX)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10.0)
            self._process = None

    def pause(self) -> None:
        if self._process is not None:
            stop(self._process)

    def go_on(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def make_topic(
        self, name: str, *, partitions: int = 1, settings: Mapping[str, str] | None = None
    ) -> None:
        admin = AdminClient(self._client())
        topic = NewTopic(
            name, num_partitions=partitions, replication_factor=1, config=dict(settings or {})
        )
        for future in admin.create_topics([topic]).values():
            future.result(READ_S_MAX)

    def records(self, topic: str) -> list[list[Any]]:
        """Return the records of each partition, the oldest first."""
        consumer = Consumer({**self._client(), "group.id": "reader", "enable.auto.commit": False})
        try:
            found = consumer.list_topics(topic, READ_S_MAX).topics[topic].partitions
            return [self._read(consumer, TopicPartition(topic, each, 0)) for each in sorted(found)]
        finally:
            consumer.close()

    def _read(self, consumer: Consumer, partition: TopicPartition) -> list[Any]:
        end = _end(consumer, partition)
        consumer.assign([partition])
        records: list[Any] = []
        while len(records) < end:
            came = consumer.consume(end - len(records), READ_S_MAX)
            assert came, f"{len(records)} of {end} records came"
            assert all(each.error() is None for each in came)
            records += came
        return records

    def _client(self) -> dict[str, Any]:
        return {"bootstrap.servers": f"127.0.0.1:{self.plain}", "log_level": 0}

    @property
    def _file(self) -> str:
        return str(self._directory / "server.properties")

    def _command(self, program: str, *arguments: str) -> list[str]:
        quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
        return [self._java, *quick, "-cp", f"{self._directory}/jars/*", program, *arguments]

    def _configure(self, *, controller: int) -> None:
        pair = self.authority.sign("localhost")
        (self._directory / "certificate.pem").write_text(pair.key + pair.certificate)
        (self._directory / "ca.pem").write_text(self.authority.certificate)
        login = "org.apache.kafka.common.security"
        plain = f'{login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        scram = f"{login}.scram.ScramLoginModule required;"
        listeners = {
            "PLAIN": f"127.0.0.1:{self.plain}",
            "SCRAM": f"127.0.0.1:{self.scram}",
            "ENCRYPTED": f"localhost:{self.encrypted}",
            "ELSEWHERE": f"127.0.0.1:{self.elsewhere}",
            "PROXIED": f"127.0.0.1:{self.proxied}",
        }
        advertised = {
            **listeners,
            "ELSEWHERE": f"10.255.255.1:{self.elsewhere}",
            "PROXIED": f"127.0.0.1:{self.before_it}",
        }
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAIN",
            "listeners": _joined({**listeners, "CONTROLLER": f"127.0.0.1:{controller}"}),
            "advertised.listeners": _joined(advertised),
            "listener.security.protocol.map": "PLAIN:PLAINTEXT,SCRAM:SASL_PLAINTEXT,"
            "ENCRYPTED:SASL_SSL,ELSEWHERE:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.scram.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.scram.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.encrypted.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.encrypted.plain.sasl.jaas.config": plain,
            "listener.name.encrypted.ssl.keystore.type": "PEM",
            "listener.name.encrypted.ssl.keystore.location": f"{self._directory}/certificate.pem",
            "listener.name.encrypted.ssl.truststore.type": "PEM",
            "listener.name.encrypted.ssl.truststore.location": f"{self._directory}/ca.pem",
            "log.dirs": f"{self._directory}/log",
            # How long after a kill it counts as running still, and may not start.
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "500",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
            "super.users": "User:ANONYMOUS",
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (self._directory / "server.properties").write_text("".join(lines))


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """Return the offset of the next record; a new topic has no leader for a moment."""
    end = time.monotonic() + READ_S_MAX
    while True:
        try:
            return int(consumer.get_watermark_offsets(partition, READ_S_MAX)[1])
        except KafkaException as error:
            if error.args[0].code() not in _NO_LEADER or time.monotonic() > end:
                raise
            time.sleep(POLL_S)


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Give a running broker; the test is skipped where it cannot be had."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        pytest.skip("Kafka needs Java and Maven (Debian: apt-get install maven)")
    with tempfile.TemporaryDirectory(prefix="tailrace-kafka-") as name:
        _fetch(maven, Path(name))
        broker = Broker(Path(name), java)
        broker.format()
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


def _fetch(maven: str, directory: Path) -> None:
    (directory / "pom.xml").write_text(POM)
    done = subprocess.run(
        [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FETCHED_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"Kafka cannot be fetched: {done.stdout[-500:]}")


def _joined(listeners: dict[str, str]) -> str:
    return ",".join(f"{name}://{address}" for name, address in listeners.items())
