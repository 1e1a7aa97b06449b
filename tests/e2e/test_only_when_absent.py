"""A device brings its configuration only where there is none: `when: {absent: true}`, against a real store."""

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.store import not_with

RULE = "  - {who: device, allow: [PutObject, GetObject, HeadObject], on: 'fleet/{device}/*'}\n"
CONFIGURATION = f"/fleet/{DEVICE}/config-01.09.json"
SCHEMA = f"/fleet/{DEVICE}/schema-01.09.json"


@not_with("swift", "it knows no conditional writes")
class OnlyWhenAbsent(FleetTest):
    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.change_configuration((RULE, "  - {use: canedge-device, bucket: fleet}\n"))

    def put(self, target, body, headers=()):
        with self.connect(self.device) as connection:
            return connection.request(self.signer, "PUT", target, body, headers)

    def get(self, target):
        with self.connect(self.device) as connection:
            return connection.request(self.signer, "GET", target).body

    def test_the_first_stays(self):
        self.assertEqual(self.put(CONFIGURATION, b"first").status, 200)
        again = self.put(CONFIGURATION, b"second")
        self.assertEqual((again.status, again.error_code()), (412, "PreconditionFailed"))
        self.assertEqual(self.get(CONFIGURATION), b"first")

    def test_a_condition_of_its_own_does_not_lift_it(self):
        target = CONFIGURATION.replace("01.09", "01.08")
        self.assertEqual(self.put(target, b"first").status, 200)
        for condition in (("If-Match", "*"), ("If-None-Match", '"x"')):
            refused = self.put(target, b"second", [condition])
            self.assertEqual((refused.status, refused.error_code()), (403, "AccessDenied"))
        self.assertEqual(self.put(target, b"second", [("If-None-Match", "*")]).status, 412)
        self.assertEqual(self.get(target), b"first")

    def test_other_files_are_replaced(self):
        for body in (b"first", b"second"):
            self.assertEqual(self.put(SCHEMA, body).status, 200)
        self.assertEqual(self.get(SCHEMA), b"second")


if __name__ == "__main__":
    main()
