"""What clients send that the tests cannot run (`recorded/`) arrives at the store byte for byte, for an operator who
may use every key."""

import json
from pathlib import Path

from support.answer_reader import AnswerReader
from support.byte_exact import end_to_end
from support.case import main
from support.fleet import FleetTest
from support.operators import Operators
from support.raw_requests import RequestReader


class RecordedClients(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operators = Operators(cls)

    def test_aws_sdk_for_javascript_v3(self):
        file = Path(__file__).parent / "recorded" / "aws_sdk_js_v3.json"
        for record in json.loads(file.read_text())["requests"]:
            with self.subTest(record["name"]):
                rest = [record["raw"].encode("latin-1")]
                sent = RequestReader(rest.pop).read()
                before = len(self.store.requests)
                with self.operators.connect() as connection:
                    connection.send(record["raw"].encode("latin-1"))
                    got = AnswerReader(connection.tls).read(sent.start_line.split(" ")[0])
                self.assertIsNotNone(got, "no answer")
                arrived = self.store.requests[before:]
                self.assertEqual(len(arrived), 1, got.body.decode())
                self.assertEqual(end_to_end(arrived[0]), end_to_end(sent))


if __name__ == "__main__":
    main()
